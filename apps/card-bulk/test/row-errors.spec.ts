import { card, cards } from './support/cards.js';
import { importFile, ndjson } from './support/uploads.js';
import { startWorld, type World } from './support/world.js';

describe('rows that failed', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterEach(() => world.expectExactLedger());
  afterAll(() => world.stop());

  const errorsOf = (taskId: string, query: string, as: string) =>
    world.call(`/bulk/tasks/${taskId}/errors${query}`, { as });

  it('are told with place, field, code and words, in every format of the input', async () => {
    const as = 'places';
    const bad = { title: '', body: 'x', category: 'NONE' };
    const rows = [card(), bad, card()];
    const csv = 'title,body,category\r\n"two\r\nlines",x,GRIT\r\n,x,NONE\r\nok,x,GRIT\r\n';
    const statuses = [
      await world.import(rows, {}, { as }),
      await importFile(world, 'ndjson', ndjson(rows), { as }),
      await importFile(world, 'csv', csv, { as }),
    ];

    const lines = [null, 2, 4];
    for (const [place, { body }] of statuses.entries()) {
      const { body: page } = await errorsOf(String(body['task_id']), '', as);
      const expected = [
        { index: 1, line: lines[place], title: '', field: 'title', error: expect.any(String) },
        { index: 1, line: lines[place], field: 'category', code: 'invalid_value' },
      ];
      expect(body['result']).toMatchObject({ cards_imported: 2, cards_failed: 1 });
      expect(page).toMatchObject({ items: expected, next_cursor: null });
      expect(body['result'].errors).toMatchObject(expected);
    }
  });

  it('are all kept: the first 100 in the status, the others page by page', async () => {
    const as = 'pages';
    const { body } = await world.import(
      Array.from({ length: 250 }, (_, n) => ({ title: `bad ${n}`, body: '' })),
      {},
      { as },
    );

    const indexes: number[] = [];
    let cursor: string | null = '';
    do {
      const query = `?limit=99${cursor === '' ? '' : `&cursor=${cursor}`}`;
      const { body: page } = await errorsOf(String(body['task_id']), query, as);
      indexes.push(...(page['items'] as { index: number }[]).map(({ index }) => index));
      cursor = page['next_cursor'] as string | null;
    } while (cursor !== null);

    expect(body['result'].errors).toHaveLength(100);
    expect(indexes).toEqual(Array.from({ length: 250 }, (_, n) => n));
    expect((await errorsOf(String(body['task_id']), '?cursor=nonsense', as)).status).toBe(400);
  });

  it.each(['csv', 'ndjson'] as const)('come as %s that is mended and sent again', async (format) => {
    const as = `mend-${format}`;
    const broken = Array.from({ length: 1_200 }, (_, n) =>
      n % 4 === 0 ? card({ title: `broken ${n}`, category: 'NOEN', privacy_level: 'BUSINES' }) : card(),
    );
    const { body } = await importFile(world, 'ndjson', ndjson(broken), { as });
    expect(body['result']).toMatchObject({ cards_imported: 900, cards_failed: 300 });

    const report = await errorsOf(String(body['task_id']), `?format=${format}`, as);
    const mended = report.text.replaceAll('NOEN', 'GRIT').replaceAll(/BUSINES(?!S)/g, 'BUSINESS');
    const again = await importFile(world, format, mended, { as });

    expect(report.headers.get('content-disposition')).toMatch(/^attachment; filename="errors-/);
    expect(report.text.split('\n').filter((line) => line.includes('broken'))).toHaveLength(300);
    expect(again.body['result']).toMatchObject({ cards_imported: 300, cards_failed: 0 });
    const [row] = await world.sql(
      `SELECT count(*)::int AS count FROM cards WHERE owner = $1 AND title LIKE 'broken%'
         AND category = 'GRIT' AND privacy_level = 'BUSINESS' AND tags = '{test}'`,
      [as],
    );
    expect(row?.['count']).toBe(300);
  });

  it('hold what could not even be read, as it stood in the file', async () => {
    const as = 'unreadable';
    const { body } = await importFile(world, 'ndjson', `{"title": nonsense}\n${ndjson(cards(1))}`, { as });

    const { text } = await errorsOf(String(body['task_id']), '?format=ndjson', as);

    expect(JSON.parse(text)).toMatchObject({
      _index: 0,
      _line: 1,
      _text: '{"title": nonsense}',
      _errors: [{ field: 'row', code: 'invalid_json' }],
    });
  });

  it('are chosen by Accept as well', async () => {
    const { body } = await world.import([{ title: 'x' }]);
    const path = `/bulk/tasks/${body['task_id']}/errors`;

    const csv = await world.call(path, { headers: { accept: 'text/csv' } });
    const json = await world.call(path, { headers: { accept: '*/*' } });

    expect(csv.headers.get('content-type')).toContain('text/csv');
    expect(csv.text).toMatch(/^_index,_line,_errors,_text,id,title,/);
    expect(json.body['items']).toHaveLength(1);
  });

  it.each(['', '?format=csv'])('are the same 404 for a stranger as those of no task (%s)', async (query) => {
    const { body } = await world.import([{ title: 'x' }], {}, { as: 'somebody' });

    const foreign = await errorsOf(String(body['task_id']), query, 'stranger');
    const unknown = await errorsOf('0196e7b0-0000-7000-8000-000000000000', query, 'stranger');

    expect([foreign.status, unknown.status]).toEqual([404, 404]);
    expect(foreign.body['code']).toBe(unknown.body['code']);
  });
});
