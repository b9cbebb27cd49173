import { createHash } from 'node:crypto';

/** Strong entity tag of a body (RFC 9110, section 8.8.3): equal bytes, equal tag. */
export function etagOf(body: string): string {
  return `"${createHash('sha256').update(body).digest('base64url')}"`;
}
