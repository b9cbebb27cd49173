import * as fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import { cardColumns, type Card } from '../src/cards/card.schema.js';
import { isFaulty, validateCard } from '../src/cards/card-validator.js';
import {
  createCardWriter,
  faultReport,
  isUnreadable,
  readRows,
  writeBatches,
  type ReadCheckpoint,
  type ReportedRow,
} from '../src/formats/index.js';
import { pieces, readAll } from './support/files.js';
import { anyRow } from './support/rows.js';

/** Any card that an import would store. */
const anyCard = anyRow
  .map((row) => validateCard(row))
  .filter((outcome): outcome is Card => !isFaulty(outcome));

const formats = ['ndjson', 'csv'] as const;

async function write(format: 'ndjson' | 'csv', cards: readonly Card[]): Promise<string> {
  return (await Array.fromAsync(writeBatches(createCardWriter(format), [cards]))).join('');
}

describe.each(formats)('cards exported as %s', (format) => {
  test('are the same cards when they are imported, and the same bytes when they are exported again', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyCard, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 200 }),
        async (cards, size) => {
          const text = await write(format, cards);
          const { rows, error } = await readAll(text, { format, size });
          expect(error).toBeUndefined();
          const read = rows.map((each) => (isUnreadable(each) ? each.faults : validateCard(each.row)));
          expect(read).toEqual(cards.map((card): unknown => JSON.parse(JSON.stringify(card))));
          expect(await write(format, read as Card[])).toBe(text);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('are read on from the checkpoint of any batch, packed or not', async () => {
    const cards = fc.sample(anyCard, { numRuns: 23, seed: 7 });
    const text = Buffer.from(await write(format, cards));
    const { rows: all, batches } = await readAll(text, { format, batchSize: 5 });
    expect(batches.map(({ rows }) => rows.length)).toEqual([5, 5, 5, 5, 3]);
    for (const [place, { checkpoint }] of batches.entries()) {
      const rest = all.slice((place + 1) * 5);
      const stored = JSON.parse(JSON.stringify(checkpoint)) as ReadCheckpoint;
      expect((await readAll(text, { format, checkpoint: stored })).rows).toEqual(rest);
      expect((await readAll(gzipSync(text), { format, checkpoint: stored })).rows).toEqual(rest);
      const positioned = readRows(pieces(text.subarray(stored.offset)), {
        format,
        checkpoint: stored,
        isPositioned: true,
      });
      expect((await Array.fromAsync(positioned)).flatMap(({ rows }) => rows)).toEqual(rest);
    }
  });

  test('cannot be read on where the file has become shorter', async () => {
    const text = await write(format, fc.sample(anyCard, { numRuns: 3, seed: 7 }));
    const { batches } = await readAll(text, { format });
    const { error } = await readAll(text.slice(0, 20), { format, checkpoint: batches[0]!.checkpoint });
    expect(error).toMatchObject({ fileFault: 'position_missing' });
  });
});

describe('any bytes', () => {
  test.each(formats)(
    'sent as %s give rows or an error that names a place, and the same ones however they come',
    async (format) => {
      const junk = fc.oneof(
        fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
        fc
          .array(
            fc.constantFrom(
              'title',
              'body',
              ',',
              '"',
              '\n',
              '\r\n',
              '{',
              '}',
              ':',
              '\ufeff',
              'a',
              ' ',
              '[',
              '\\',
            ),
            {
              maxLength: 60,
            },
          )
          .map((parts) => Buffer.from(`${format === 'csv' ? 'title,body\n' : ''}${parts.join('')}`)),
      );
      await fc.assert(
        fc.asyncProperty(junk, fc.integer({ min: 1, max: 50 }), async (bytes, size) => {
          const read = await readAll(bytes, { format, size, limits: { maxLineBytes: 100 } });
          const whole = await readAll(bytes, { format, size: 1000, limits: { maxLineBytes: 100 } });
          expect(read.rows).toEqual(whole.rows);
          expect(String(read.error)).toBe(String(whole.error));
          expect(read.rows.map(({ index }) => index)).toEqual(read.rows.map((_, place) => place));
          if (read.error !== undefined) expect(read.error).toMatchObject({ code: 'validation_error' });
        }),
        { numRuns: 300 },
      );
    },
  );
});

describe('a report of faults', () => {
  const reported = (row: unknown, place: number): ReportedRow => {
    const faults = validateCard(row);
    return {
      index: place,
      line: place + 2,
      faults: isFaulty(faults) ? faults : [],
      row: typeof row === 'string' ? row : JSON.stringify(row),
    };
  };
  const write = async (format: 'ndjson' | 'csv', rows: readonly ReportedRow[]): Promise<string> =>
    (await Array.fromAsync(writeBatches(faultReport(format), [rows]))).join('');

  test.each(formats)('as %s says what is wrong, and is accepted once that is mended', async (format) => {
    const rows = [
      { title: '', body: '=B', tags: ['a,b'], metadata: { n: 1 } },
      { title: 'T', body: 'B', category: 'MISC', is_published: true },
    ];
    const report = await write(format, rows.map(reported));
    expect(report).toContain('String is empty (minimum 1 character)');
    expect(report).toContain('MISC');
    const again = await readAll(report, { format });
    expect(again.rows.map((each) => !isUnreadable(each) && isFaulty(validateCard(each.row)))).toEqual([
      true,
      true,
    ]);

    const mended = report
      .replace(format === 'csv' ? ",,'=B," : '"title":""', format === 'csv' ? ",New,'=B," : '"title":"New"')
      .replace(
        format === 'csv' ? ',MISC,' : '"category":"MISC"',
        format === 'csv' ? ',GRIT,' : '"category":"GRIT"',
      );

    const { rows: read } = await readAll(mended, { format });
    expect(read.map((each) => !isUnreadable(each) && validateCard(each.row))).toEqual([
      validateCard({ ...rows[0], title: 'New' }),
      validateCard({ ...rows[1], category: 'GRIT' }),
    ]);
  });

  test.each(formats)('as %s is a readable file whatever was sent, with one row for each', async (format) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(anyRow, fc.string()), { minLength: 1, maxLength: 5 }),
        async (rows) => {
          const report = await write(format, rows.filter((row) => row !== undefined).map(reported));
          const { rows: read, error } = await readAll(report, { format, size: 100 });
          expect(error).toBeUndefined();
          expect(read).toHaveLength(rows.length);
          // A cell may hold what its column cannot; but no row breaks another.
          expect(
            read
              .filter(isUnreadable)
              .flatMap(({ faults }) => faults.map(({ field }) => field))
              .filter((field) => field === 'row'),
          ).toEqual([]);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('as CSV has every column of a card, behind what it says itself', async () => {
    const [header] = (await write('csv', [])).split('\r\n');
    expect(header).toBe(['_index', '_line', '_errors', '_text', ...cardColumns].join(','));
  });
});
