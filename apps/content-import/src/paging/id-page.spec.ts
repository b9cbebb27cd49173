import { encodeCursor } from '@hornbook/contracts';
import { idPage, MAX_ID, readIdCursor } from './id-page.js';

const rows = (...ids: number[]): { id: number }[] => ids.map((id) => ({ id }));

describe('a page of rows', () => {
  it('goes on after its last row when there was one row more', () => {
    const page = idPage(rows(9, 8, 7), 2);

    expect(page.rows).toEqual(rows(9, 8));
    expect(readIdCursor(String(page.next_cursor))).toBe(8);
  });

  it.each([[rows(9, 8)], [rows(9)], [rows()]])('is the last one when there was none more: %j', (found) => {
    expect(idPage(found, 2)).toEqual({ rows: found, next_cursor: null });
  });
});

describe('a cursor', () => {
  it('may be left out', () => {
    expect(readIdCursor(undefined)).toBeUndefined();
  });

  it.each([[[0]], [[-1]], [[1.5]], [[MAX_ID + 1]], [['1']], [[]], [[1, 2]]])(
    'that no page made is refused: %j',
    (key) => {
      expect(() => readIdCursor(encodeCursor(key))).toThrow('Invalid request payload');
    },
  );

  it.each(['', 'x', '{}', '%'])('that is none at all is refused: %j', (cursor) => {
    expect(() => readIdCursor(cursor)).toThrow('Invalid request payload');
  });
});
