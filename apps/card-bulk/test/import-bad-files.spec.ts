import { gzipSync } from 'node:zlib';
import { card, cards } from './support/cards.js';
import { importFile, ndjson, upload, uploadsOf } from './support/uploads.js';
import { startWorld, type World } from './support/world.js';

const header = 'title,body,privacy_level';
const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

describe('a bad file', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterEach(() => world.expectExactLedger());
  afterAll(() => world.stop());

  const countOf = async (owner: string): Promise<unknown> => {
    const [row] = await world.sql('SELECT count(*)::int AS count FROM cards WHERE owner = $1', [owner]);
    return row?.['count'];
  };

  it.each([
    ['nothing at all', 'ndjson', '', 'empty_file'],
    ['blank lines only', 'ndjson', '\n\r\n\n', 'empty_file'],
    ['a header and no rows', 'csv', `${header}\n`, 'empty_file'],
    ['a JSON array', 'ndjson', '[\n{"title":"a"}]', 'wrong_format'],
    ['an Excel file', 'csv', 'PK\u0003\u0004xxxx', 'wrong_format'],
    ['another delimiter', 'csv', `${header.replaceAll(',', ';')}\na;b;BUSINESS\n`, 'wrong_delimiter'],
    ['a column twice', 'csv', 'title,body,title\na,b,c\n', 'duplicate_column'],
    ['a column that nobody knows', 'csv', 'title,body,colour\na,b,c\n', 'unknown_column'],
    ['a column missing', 'csv', 'title,category\na,GRIT\n', 'missing_column'],
    ['a broken header', 'csv', 'title,"body\na,b\n', 'broken_header'],
    ['line ends of old', 'csv', 'title,body\ra,b\r', 'wrong_line_ends'],
  ] as const)('of %s (%s) is refused at once, and leaves nothing', async (_, format, body, code) => {
    const files = await uploadsOf(world);

    const answer = await upload(world, format, body);

    expect(answer.status).toBe(400);
    expect(answer.body['details']).toMatchObject([{ code }]);
    expect(answer.body['detail']).not.toBe('Invalid request payload');
    expect(await uploadsOf(world)).toEqual(files);
  });

  it('that is not packed as it says is refused at once', async () => {
    const answer = await upload(world, 'ndjson', ndjson(cards(1)), {
      headers: { 'content-encoding': 'gzip' },
    });

    expect(answer.status).toBe(400);
    expect(answer.body['details']).toMatchObject([{ code: 'wrong_packing' }]);
  });

  it.each([
    ['continue', 'partial', 5_000],
    ['atomic', 'none', 0],
  ])('of gzip that ends in the middle fails with %s: %s', async (on_error, outcome, atLeast) => {
    const as = `cut-${on_error}`;
    // Random bodies, or so little of it would be left after packing that nothing could be cut.
    const rows = cards(20_000).map((row, n) => ({ ...row, body: `${n * 7_919} ${Math.sin(n)}` }));
    const whole = gzipSync(ndjson(rows));

    const { body } = await importFile(world, 'ndjson', whole.subarray(0, whole.length / 2), {
      as,
      query: { on_error },
    });

    expect(body).toMatchObject({ status: 'FAILURE', error_code: 'truncated_packing', outcome });
    expect(body['error']).toContain('ends in the middle');
    expect(await countOf(as)).toBe(body['result'].cards_imported);
    expect(body['result'].cards_imported).toBeGreaterThanOrEqual(atLeast);
    if (atLeast === 0) expect(await countOf(as)).toBe(0);
  });

  it('of gzip that unpacks without end is given up, and costs no memory', async () => {
    const as = 'bomb';
    const row = JSON.stringify(card({ metadata: {} }));
    const bomb = gzipSync(`${row}\n${' '.repeat(1_000_000)}\n`.repeat(90));

    const { body } = await importFile(world, 'ndjson', bomb, { as });

    expect(bomb.length).toBeLessThan(200_000);
    expect(body).toMatchObject({ status: 'FAILURE', error_code: 'unpacks_too_far' });
    expect(await countOf(as)).toBe(body['result'].cards_imported);
  });

  it('costs the rows that are bad and no others: NDJSON', async () => {
    const as = 'rows';
    const lines: [string, string | undefined][] = [
      [JSON.stringify(card()), undefined],
      ['{"title": "no end', 'invalid_json'],
      ['"a text"', 'invalid_type'],
      [JSON.stringify(card({ title: 'a\u0000b' })), 'invalid_text'],
      ['{"title":"lone \\ud800","body":"x"}', 'invalid_text'],
      [`{"title":"deep","body":"x","metadata":${nested(21)}}`, 'too_deep'],
      [`{"title":"very deep","body":"x","metadata":${nested(20_000)}}`, 'too_deep'],
      [JSON.stringify({ title: 'long', body: 'x'.repeat(2_000_000) }), 'too_long'],
      [JSON.stringify(card({ tags: 'no array' })), 'invalid_type'],
      [JSON.stringify(card({ body: 5 })), 'invalid_type'],
      [JSON.stringify(card({ colour: 'red' })), 'unknown_member'],
      [JSON.stringify(card()), undefined],
    ];

    const { body } = await importFile(world, 'ndjson', lines.map(([line]) => `${line}\r\n`).join(''), { as });

    const expected = lines.flatMap(([, code], index) => (code ? [{ index, line: index + 1, code }] : []));
    expect(body['result']).toMatchObject({ cards_imported: 2, cards_failed: expected.length });
    expect(body['result'].errors).toMatchObject(expected);
    expect(await countOf(as)).toBe(2);
  });

  it('costs the rows that are bad and no others: CSV', async () => {
    const as = 'quotes';
    const file = `${header}\r\na,b,BUSINESS\r\n"never closed,b,BUSINESS\r\nc"d,b,BUSINESS\r\ne,f\r\ng,h,BUSINESS\r\n`;

    const { body } = await importFile(world, 'csv', file, { as });

    expect(body['result']).toMatchObject({ cards_imported: 2, cards_failed: 3 });
    expect(body['result'].errors).toMatchObject([
      { index: 1, line: 3, code: 'invalid_csv' },
      { index: 2, line: 4, code: 'invalid_csv' },
      { index: 3, line: 5, code: 'wrong_cell_count' },
    ]);
  });

  it('is nothing at all to an atomic import, whatever is wrong with it', async () => {
    const as = 'atomic';
    const { body } = await importFile(world, 'ndjson', `${ndjson(cards(3_000))}{"title"\n`, {
      as,
      query: { on_error: 'atomic' },
    });

    expect(body).toMatchObject({ status: 'FAILURE', error_code: 'rows_failed' });
    expect(body['result']).toMatchObject({ cards_imported: 0, cards_failed: 1 });
    expect(await countOf(as)).toBe(0);
  });
});
