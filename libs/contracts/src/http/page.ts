import { z } from 'zod';
import { isStorable } from '../text.js';

/** Most items of one page. */
export const MAX_PAGE = 200;

/** `?limit=&cursor=` of every list. `limit` 1–200, default 50; `cursor` is opaque, from `next_cursor`. */
export const pageQueryFields = {
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(50),
  cursor: z.string().max(500).optional(),
};

/** Shape of a list answer; `next_cursor` is null on the last page. */
export function pageOf<Item extends z.ZodType>(
  item: Item,
): z.ZodObject<{ items: z.ZodArray<Item>; next_cursor: z.ZodNullable<z.ZodString> }> {
  return z.object({ items: z.array(item), next_cursor: z.string().nullable() });
}

/** Opaque cursor of a keyset page: the sort key of the last item. */
export function encodeCursor(key: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/**
 * The key inside a cursor, or undefined when it is not one that `encodeCursor` made with `length` parts of a record:
 * anybody can write a cursor, and its parts go into statements.
 */
export function decodeCursor(cursor: string, length: number): (string | number)[] | undefined {
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const sound =
      Array.isArray(key) &&
      key.length === length &&
      key.every((part) => (typeof part === 'string' ? isStorable(part) : Number.isFinite(part)));
    return sound ? (key as (string | number)[]) : undefined;
  } catch {
    return undefined;
  }
}
