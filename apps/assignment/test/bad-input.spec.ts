import { makeItem, makeItems, startWorld, unique, type Body, type Row, type World } from './support/world.js';

/** Deeper than JSON of JavaScript or Postgres goes, within the bounds of a body. */
const deep = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

describe('bad input', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ env: { USER_OPEN_LIMIT: '5' } });
  });
  afterAll(() => world.stop());

  const oddIds = {
    'only dots': '..',
    'a path upwards': '../../etc/passwd',
    'a path upwards, encoded': '..%2f..%2fetc',
    'a slash': 'a/b',
    'a backslash': 'a\\b',
    'white space': 'a b',
    NUL: 'a\u0000b',
    'a line break': 'a\nb',
    'half a character': 'a\ud83d',
    'a decomposed letter': 'e\u0301',
    'a change of direction': 'a\u202eb',
    'no width': 'a\u200bb',
    'an emoji': '😀',
    'too many characters': 'x'.repeat(101),
    'a query': 'a?b=c',
    'a fragment': 'a#b',
  };

  it.each(Object.entries(oddIds))('an id with %s is not imported, and names no item', async (_, id) => {
    const dataset = unique('odd');
    const { body } = await world.importItems([makeItem(dataset, { id }), makeItem(dataset)]);
    expect(body).toMatchObject({ imported: 1, errors: [{ index: 0, code: 'INVALID_ID', field: 'id' }] });

    const row = (await world.call(`/v1/ground-truths?dataset=${dataset}`)).body.items[0] as Row;
    const path = ['assignments', dataset, row.bucket, encodeURIComponent(id.toWellFormed())].join('/');
    const put = await world.call(`/v1/${path}`, {
      method: 'PUT',
      body: { approve: true },
      headers: { 'If-Match': row.etag },
      as: 'alice',
    });
    expect(put.status).toBe(404);
  });

  it.each(['lesson-Ä1', '第一课', 'a.b_c~d:e@f|g+h=i(j)-k', '..a', 'e\u0301'.normalize('NFC')])(
    'an id like %s is kept and found as it is',
    async (id) => {
      const dataset = unique('odd');
      const alice = unique('alice');
      await world.importItems([makeItem(dataset, { id })]);
      await world.selfServe(alice, 1, { datasets: [dataset] });
      const [row] = (await world.my(alice)) as [Row];
      const { status, body } = await world.put(alice, row, { approve: true });
      expect([status, body.id]).toEqual([200, id]);
    },
  );

  it.each(['../up', 'a/b', '', ' ', 'snapshots', 'Ünter', 'x'.repeat(101), 'a\u0000'])(
    'a dataset cannot be called %j',
    async (dataset) => {
      const { body } = await world.importItems([makeItem(dataset)]);
      expect(body).toMatchObject({
        imported: 0,
        errors: [{ field: 'datasetName', code: 'VALIDATION_FAILED' }],
      });
    },
  );

  it('content nested without end is refused for what it is, on import and on save', async () => {
    const dataset = unique('deep');
    const items = `[{"datasetName":"${dataset}","id":"deep","metadata":${deep(9_000)}}]`;
    const { status, body } = await world.importItems(items);
    expect([status, body.errors]).toMatchObject([
      200,
      [{ itemId: 'deep', code: 'VALIDATION_FAILED', message: 'Content is nested more than 64 levels deep' }],
    ]);
    const headers = { 'Idempotency-Key': unique('key') };
    expect((await world.importItems(items, { headers })).status).toBe(400);

    await world.importItems(makeItems(dataset, 1));
    const alice = unique('alice');
    await world.selfServe(alice, 1, { datasets: [dataset] });
    const [row] = (await world.my(alice)) as [Row];
    const saved = await world.put(alice, row, `{"metadata":${deep(9_000)}}`);
    expect([saved.status, saved.body.details]).toMatchObject([400, [{ code: 'too_deep' }]]);
    expect((await world.put(alice, row, `{"metadata":${deep(50)}}`)).status).toBe(200);
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=-1', 'limit'],
    ['limit=ten', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=1e400', 'limit'],
    ['cursor=abc', 'cursor'],
    ['full=yes', 'full'],
    ['colour=red', 'colour'],
  ])('/my?%s is refused and names %s', async (query, field) => {
    const { status, body } = await world.call(`/v1/assignments/my?${query}`, { as: 'alice' });
    expect([status, (body.details as Body[]).map((fault) => fault.field as string)]).toEqual([400, [field]]);
  });

  it.each([
    [{ limit: 1, tags: ['no group'] }, 'tags[0]'],
    [{ limit: 1, tags: [] }, 'tags'],
    [{ limit: 1, datasets: ['../up'] }, 'datasets[0]'],
    [{ limit: 1, mode: 'all' }, 'mode'],
    [{ limit: 1, colour: 'red' }, 'colour'],
    [{ limit: '1; DROP TABLE items' }, 'limit'],
  ])('self-serve with %j is refused and names %s', async (request, field) => {
    const { status, body } = await world.call('/v1/assignments/self-serve', { body: request, as: 'alice' });
    expect([status, (body.details as Body[]).map((fault) => fault.field as string)]).toEqual([400, [field]]);
  });

  it('an Idempotency-Key is printable and at most 200 long', async () => {
    for (const key of ['', 'a b', 'x'.repeat(201)]) {
      const call = { headers: { 'Idempotency-Key': key } };
      expect((await world.selfServe('alice', 1, {}, call)).status).toBe(400);
    }
  });

  it('no user holds more than the installation allows, and the answer says that this is why', async () => {
    const dataset = unique('capped');
    await world.importItems(makeItems(dataset, 9));
    const alice = unique('alice');
    const answers = await Promise.all(
      [1, 2, 3].map(() => world.selfServe(alice, 3, { datasets: [dataset] })),
    );
    expect(answers.reduce((sum, { body }) => sum + (body.assignedCount as number), 0)).toBe(5);
    const { body } = await world.selfServe(alice, 1, { datasets: [dataset] });
    expect(body).toMatchObject({ assignedCount: 0, shortfall: 'USER_LIMIT', openCount: 5, remaining: 4 });
  });
});
