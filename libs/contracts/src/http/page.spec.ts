import * as fc from 'fast-check';
import { z } from 'zod';
import { decodeCursor, encodeCursor, MAX_PAGE, pageOf, pageQueryFields } from './page.js';

const cursorOf = (json: string): string => Buffer.from(json).toString('base64url');

describe('a cursor', () => {
  test('brings back the key it was made of, whatever its parts', () => {
    const part = fc.oneof(
      fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\u0000')),
      fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)),
      fc.maxSafeInteger().filter((value) => !Object.is(value, -0)),
    );
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (key) => {
        expect(decodeCursor(encodeCursor(key), key.length)).toEqual(key);
      }),
    );
  });

  test('stands in a URL as it is', () => {
    expect(encodeCursor(['ÿÿÿ???>>>', 'ƒ'])).toMatch(/^[\w-]+$/);
  });

  test.each([
    ['no base64', '%%%'],
    ['no JSON', cursorOf('next please')],
    ['empty', ''],
    ['a number alone', cursorOf('7')],
    ['null', cursorOf('null')],
    ['an object', cursorOf('{"0":7,"length":1}')],
    ['a key with another number of parts', cursorOf('[7,8]')],
    ['a key with a part of another kind', cursorOf('[{"id":7}]')],
    ['a key of null', cursorOf('[null]')],
    ['a number beyond all bounds', cursorOf('[1e999]')],
    ['a text that Postgres could not take (NUL)', cursorOf('["a\\u0000"]')],
    ['a text that Postgres could not take (a lone surrogate)', cursorOf('["\\ud83d"]')],
  ])('that was not made here is no cursor: %s', (_, cursor) => {
    expect(decodeCursor(cursor, 1)).toBeUndefined();
  });

  test('never throws, whatever a client sends', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json().map(cursorOf)), (cursor) => {
        decodeCursor(cursor, 1);
      }),
    );
  });
});

describe('the query of a list', () => {
  const query = z.strictObject(pageQueryFields);

  test('asks for 50 items unless it says otherwise', () => {
    expect(query.parse({})).toEqual({ limit: 50 });
    expect(query.parse({ limit: '7' })).toEqual({ limit: 7 });
  });

  test.each(['0', '-1', String(MAX_PAGE + 1), '1.5', 'all', '', 'Infinity'])(
    'may not ask for %j items',
    (limit) => {
      expect(query.safeParse({ limit }).success).toBe(false);
    },
  );

  test('may not carry a cursor of any length', () => {
    expect(query.safeParse({ cursor: 'x'.repeat(501) }).success).toBe(false);
  });
});

describe('the answer of a list', () => {
  test('says on its last page that there is no next one', () => {
    const page = pageOf(z.int());
    expect(page.safeParse({ items: [1, 2], next_cursor: null }).success).toBe(true);
    expect(page.safeParse({ items: [1, 2] }).success).toBe(false);
  });
});
