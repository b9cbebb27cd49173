import { ValidationError } from '@hornbook/service-kit';

/** Strong entity tag of an item: its version; of a slot, with the slot's own behind a dot. */
export function etagOf(version: number | string): string {
  return `"${String(version)}"`;
}

/** What `If-Match` asks for. */
export type Precondition =
  | { readonly kind: 'none' }
  /** `*`: whatever version there is. */
  | { readonly kind: 'any' }
  /** Strong tags, unquoted. A weak tag never matches (RFC 9110, section 13.1.1) and is left out. */
  | { readonly kind: 'tags'; readonly tags: readonly string[] };

const MAX_LENGTH = 2_000;
const listPattern =
  /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"(?:[ \t]*,[ \t]*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")*$/;
const tagPattern = /(W\/)?"([^"]*)"/g;

/**
 * Reads `If-Match` (RFC 9110, section 13.1.1): `*`, or a list of entity tags. A bare token counts as one strong tag, for
 * clients that lost the quotes.
 * @throws ValidationError when it is none of these
 */
export function readIfMatch(header: string | undefined): Precondition {
  const value = header?.trim();
  if (value === undefined || value === '') return { kind: 'none' };
  if (value === '*') return { kind: 'any' };
  if (/^[A-Za-z0-9._-]{1,100}$/.test(value)) return { kind: 'tags', tags: [value] };
  if (value.length > MAX_LENGTH || !listPattern.test(value)) {
    throw new ValidationError([
      {
        field: 'If-Match',
        error: `Expected entity tags such as "7", separated by commas, or *; got ${JSON.stringify(value.slice(0, 60))}`,
        code: 'invalid_etag',
      },
    ]);
  }
  const tags = [...value.matchAll(tagPattern)]
    .filter(([, weak]) => weak === undefined)
    .map(([, , tag]) => tag ?? '');
  return { kind: 'tags', tags };
}

/** Whether a version meets the precondition. */
export function isMet(precondition: Precondition, version: number | string): boolean {
  if (precondition.kind === 'tags') return precondition.tags.includes(String(version));
  return precondition.kind === 'any';
}
