import { decodeCursor, encodeCursor } from '@hornbook/contracts';
import { ValidationError } from '@hornbook/service-kit';

/** Largest id of a `serial` column. */
export const MAX_ID = 2_147_483_647;

/**
 * The id after which a page goes on; undefined for the first page.
 * @throws ValidationError when the cursor is not one that `idPage` made
 */
export function readIdCursor(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined;
  const [id] = decodeCursor(cursor, 1) ?? [];
  if (typeof id === 'number' && Number.isInteger(id) && id > 0 && id <= MAX_ID) return id;
  throw new ValidationError([
    {
      field: 'cursor',
      error: 'Not a cursor of this list; send next_cursor as it was given',
      code: 'invalid_cursor',
    },
  ]);
}

/** Cuts rows, of which one more than `limit` was asked for, to a page and the cursor of the next one. */
export function idPage<Row extends { readonly id: number }>(
  found: readonly Row[],
  limit: number,
): { rows: readonly Row[]; next_cursor: string | null } {
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  return { rows, next_cursor: last && found.length > limit ? encodeCursor([last.id]) : null };
}
