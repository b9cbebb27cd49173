import { roles as knownRoles, type Role } from '@hornbook/contracts';
import type { IncomingHttpHeaders } from 'node:http';
import { API_KEY_PREFIX } from '../api-keys/api-key.js';
import { UnauthenticatedError } from './authentication.errors.js';

/** What a caller shows. */
export type Credential =
  | { readonly kind: 'jwt' | 'api-key'; readonly text: string }
  /** Unproven, for development. */
  | { readonly kind: 'dev'; readonly user: string; readonly roles: readonly Role[] };

/** `Authorization: Bearer …` (RFC 6750, section 2.1). */
const bearer = /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

const HOW = 'send Authorization: Bearer with a JWT or an API key (hb_live_…)';

/** Whether a name is one of our roles. */
export function isRole(name: unknown): name is Role {
  return (knownRoles as readonly unknown[]).includes(name);
}

/** Names that callers cannot have, as they are those of API keys. */
export function isReservedSubject(subject: string): boolean {
  return subject.startsWith('key:');
}

/**
 * What a request shows of its caller.
 * @param dev whether `X-User-Id` counts
 * @throws UnauthenticatedError when there is nothing, or nothing that can be read
 */
export function readCredential(headers: IncomingHttpHeaders, dev: boolean): Credential {
  const { authorization } = headers;
  if (authorization !== undefined) {
    const text = bearer.exec(authorization)?.[1];
    if (text === undefined)
      throw new UnauthenticatedError(`The Authorization header cannot be read: ${HOW}`, 'malformed');
    return { kind: text.startsWith(API_KEY_PREFIX) ? 'api-key' : 'jwt', text };
  }
  if (dev && headers['x-user-id'] !== undefined) return devCredential(headers);
  throw new UnauthenticatedError(`Authentication is required: ${HOW}`);
}

function devCredential(headers: IncomingHttpHeaders): Credential {
  const user = String(headers['x-user-id']);
  const names = String(headers['x-user-roles'] ?? 'admin')
    .split(',')
    .map((name) => name.trim());
  const roles = names.filter(isRole);
  if (!/^[\x21-\x7e]{1,200}$/.test(user) || isReservedSubject(user)) {
    throw new UnauthenticatedError(
      'X-User-Id has to be 1–200 printable characters and may not begin with key:',
      'malformed',
    );
  }
  if (roles.length < names.length) {
    throw new UnauthenticatedError(`X-User-Roles may only name ${knownRoles.join(', ')}`, 'malformed');
  }
  return { kind: 'dev', user, roles };
}
