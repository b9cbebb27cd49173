import { decodeCursor, encodeCursor } from '@hornbook/contracts';
import { ValidationError } from '@hornbook/service-kit';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether a text is a UUID in lower case. */
export function isUuid(value: string): boolean {
  return uuid.test(value);
}

/** The id that a cursor of a list by UUIDv7 stands for. @throws ValidationError when nobody was given that cursor */
export function readIdCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const [id] = decodeCursor(cursor, 1) ?? [];
  if (typeof id === 'string' && isUuid(id)) return id;
  const error = 'Not a cursor of this list; send next_cursor as it was given';
  throw new ValidationError([{ field: 'cursor', error, code: 'invalid_cursor' }]);
}

/** A page of records that were read with one more than `limit`. */
export function idPage<Item extends { readonly id: string }, View>(
  found: readonly Item[],
  limit: number,
  view: (item: Item) => View,
): { items: View[]; next_cursor: string | null } {
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map(view),
    next_cursor: last && found.length > limit ? encodeCursor([last.id]) : null,
  };
}
