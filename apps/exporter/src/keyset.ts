import { decodeCursor, encodeCursor } from '@hornbook/contracts';
import { ValidationError } from '@hornbook/service-kit';

/**
 * The key after which a page goes on; null for the first page.
 * @throws ValidationError when the cursor was not made by `pageBy` with such keys
 */
export function readCursor<Key extends string | number>(
  cursor: string | undefined,
  isKey: (key: unknown) => key is Key,
): Key | null {
  if (cursor === undefined) return null;
  const [key] = decodeCursor(cursor, 1) ?? [];
  if (isKey(key)) return key;
  throw new ValidationError([
    {
      field: 'cursor',
      error: 'Not a cursor of this list; send next_cursor as it was given',
      code: 'invalid_cursor',
    },
  ]);
}

/** Cuts rows, of which one more than `limit` was asked for, to a page and the cursor of the next one. */
export function pageBy<Row>(
  found: readonly Row[],
  limit: number,
  keyOf: (row: Row) => string | number,
): { items: Row[]; next_cursor: string | null } {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return {
    items,
    next_cursor: last !== undefined && found.length > limit ? encodeCursor([keyOf(last)]) : null,
  };
}
