import * as fc from 'fast-check';
import pg from 'pg';
import { testPostgres } from '@hornbook/testing';
import { codePointLength, text } from '../src/text.js';

describe('what text() says of a string, Postgres says too', () => {
  let client: pg.Client;

  beforeAll(async () => {
    client = new pg.Client({ connectionString: testPostgres().adminUrl });
    await client.connect();
    await client.query('CREATE TEMPORARY TABLE stored (id serial PRIMARY KEY, plain text, document jsonb)');
  });

  afterAll(() => client.end());

  /** What is read back after `value` was written. @throws what Postgres throws */
  async function stored(
    value: string,
  ): Promise<{ plain: string; document: { text: string }; length: number }> {
    const { rows } = await client.query<{ plain: string; document: { text: string }; length: number }>(
      'INSERT INTO stored (plain, document) VALUES ($1, $2) RETURNING plain, document, char_length(plain) AS length',
      [value, JSON.stringify({ text: value })],
    );
    return rows[0]!;
  }

  /** Any sequence of UTF-16 units, most of them well-formed text. */
  const anyString = fc.oneof(
    { weight: 4, arbitrary: fc.string({ unit: 'binary' }) },
    { weight: 2, arbitrary: fc.string({ unit: 'grapheme' }) },
    {
      weight: 2,
      arbitrary: fc
        .array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0xd800, max: 0xdfff })), {
          maxLength: 6,
        })
        .map((units) => String.fromCharCode(...units)),
    },
  );

  test('what it accepts is stored and comes back unchanged, of the length it counted', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyString.filter((value) => text().safeParse(value).success),
        async (value) => {
          const { plain, document, length } = await stored(value);
          expect({ plain, ...document }).toEqual({ plain: value, text: value });
          expect(length).toBe(codePointLength(value));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('what it refuses would be refused or changed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc
          .tuple(anyString, fc.constantFrom('\u0000', '\ud83d', '\ude42'), anyString)
          .map((parts) => parts.join('')),
        async (value) => {
          fc.pre(!text().safeParse(value).success);
          const outcome = await stored(value).catch(() => undefined);
          expect(outcome?.plain).not.toBe(value);
        },
      ),
      { numRuns: 200 },
    );
  });
});
