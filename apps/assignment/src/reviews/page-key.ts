import { decodeCursor, encodeCursor } from '@hornbook/contracts';
import { ValidationError } from '@hornbook/service-kit';

/** A moment in microseconds since 1970, and the key of an item: the sort key of lists by time. */
export type PageKey = readonly [number, string];

const START: PageKey = [0, '0'];

/** Where a page by time begins. @throws ValidationError when the cursor is not one that `timePage` made */
export function readPageKey(cursor: string | undefined): PageKey {
  if (cursor === undefined) return START;
  const [micros, pk] = decodeCursor(cursor, 2) ?? [];
  if (typeof micros === 'number' && Number.isSafeInteger(micros) && micros >= 0 && micros < 1e16) {
    if (typeof pk === 'string' && /^\d{1,18}$/.test(pk)) return [micros, pk];
  }
  throw new ValidationError([
    {
      field: 'cursor',
      error: 'Not a cursor of this list; send nextCursor as it was given',
      code: 'invalid_cursor',
    },
  ]);
}

/** Cuts rows, of which one more than `limit` was asked for, to a page and the cursor of the next one. */
export function timePage<Row extends { readonly micros: string; readonly pk: string }>(
  found: readonly Row[],
  limit: number,
): { rows: Row[]; nextCursor: string | null } {
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  const more = last !== undefined && found.length > limit;
  return { rows, nextCursor: more ? encodeCursor([Number(last.micros), last.pk]) : null };
}
