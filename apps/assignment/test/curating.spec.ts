import { makeItem, pathOf, startWorld, unique, type Body, type Row, type World } from './support/world.js';

describe('curating', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  const curator = { sub: 'carla', owner: 'carla', roles: ['curator' as const] };
  const item = async (overrides: object = {}): Promise<Row> => {
    const dataset = unique('curate');
    await world.importItems([makeItem(dataset, overrides)]);
    return (await world.call(`/v1/ground-truths?dataset=${dataset}`)).body.items[0] as Row;
  };
  const put = (row: Row, body: unknown, etag: string | null = row.etag) =>
    world.call(pathOf(row, 'ground-truths'), {
      method: 'PUT',
      body,
      as: curator,
      headers: etag === null ? {} : { 'If-Match': etag },
    });

  it('needs the version for every change, also for a deletion', async () => {
    const row = await item();
    expect((await put(row, { answer: 'x' }, null)).status).toBe(428);
    expect((await put(row, { answer: 'x' }, '"7"')).status).toBe(412);
    const path = pathOf(row, 'ground-truths');
    expect((await world.call(path, { method: 'DELETE', as: curator })).status).toBe(428);
    const deleted = await world.call(path, { method: 'DELETE', as: curator, headers: { 'If-Match': '*' } });
    expect(deleted.body).toMatchObject({ status: 'deleted', version: 2 });
    expect((await put(row, { answer: 'x' }, '"2"')).body.code).toBe('INVALID_TRANSITION');
    expect((await put(row, { status: 'draft' }, '"2"')).body).toMatchObject({ status: 'draft', version: 3 });
  });

  it('is closed to reviewers', async () => {
    const row = await item();
    const call = { method: 'PUT', body: { answer: 'x' }, headers: { 'If-Match': row.etag }, as: 'alice' };
    expect((await world.call(pathOf(row, 'ground-truths'), call)).status).toBe(403);
  });

  it('tells the history of an item: who did what, when, in which version', async () => {
    const row = await item({ comment: 'first' });
    const alice = unique('alice');
    await world.selfServe(alice, 1, { datasets: [row.dataset] });
    await world.put(alice, { ...row, etag: '"2"' }, { comment: 'second', answer: 'Better.' });
    await put(row, { comment: null }, '"3"');
    await world.put(alice, { ...row, etag: '"4"' }, { status: 'deleted', reason: 'nonsense' });

    const path = `${pathOf(row, 'ground-truths')}/history`;
    const { body } = await world.call(path);

    const entries = body.items as { version: number; action: string; actor: string }[];
    expect(entries.map(({ version, action, actor }) => [version, action, actor])).toEqual([
      [5, 'deleted', alice],
      [4, 'edited', 'carla'],
      [3, 'edited', alice],
      [2, 'assigned', alice],
      [1, 'imported', 'user-1'],
    ]);
    expect(body.items[0]).toMatchObject({
      reason: 'nonsense',
      fromStatus: 'draft',
      status: 'deleted',
      fromUser: alice,
      toUser: null,
    });
    expect(body.items[2].changes).toEqual({
      answer: { from: 'An example.', to: 'Better.' },
      comment: { from: 'first', to: 'second' },
    });
    const page = await world.call(`${path}?limit=2`);
    const next = await world.call(`${path}?limit=3&cursor=${page.body.nextCursor as string}`);
    expect([...page.body.items, ...next.body.items]).toEqual(body.items);
    expect(next.body.nextCursor).toBeNull();
  });

  it('restores any version, as a new one', async () => {
    const row = await item({ comment: 'first', manualTags: ['topic:old'] });
    await put(row, { comment: 'second', manualTags: ['topic:new'] }, '"1"');
    await put(row, { comment: null, status: 'approved' }, '"2"');
    const restore = (version: number, etag: string) =>
      world.call(`${pathOf(row, 'ground-truths')}/restore`, {
        body: { version },
        as: curator,
        headers: { 'If-Match': etag },
      });

    expect((await restore(9, '"3"')).status).toBe(400);
    expect((await restore(1, '"2"')).status).toBe(412);
    expect((await restore(1, '"3"')).body).toMatchObject({
      status: 'draft',
      comment: 'first',
      tags: ['topic:old'],
      version: 4,
    });
    expect((await restore(3, '"4"')).body).toMatchObject({ tags: ['topic:new'], version: 5 });
    expect((await restore(2, '"5"')).body).toMatchObject({ comment: 'second', version: 6 });
  });

  it('lists by status, tags, holder, id and words, page by page', async () => {
    const dataset = unique('list');
    const alice = unique('alice');
    await world.importItems([
      makeItem(dataset, {
        id: 'one',
        synthQuestion: 'Where is the railway station?',
        manualTags: ['topic:travel'],
      }),
      makeItem(dataset, { id: 'two', synthQuestion: 'Who pays?', manualTags: ['topic:money', 'level:a1'] }),
      makeItem(dataset, { id: 'three', synthQuestion: 'A ticket to the station' }),
    ]);
    await world.call(
      `${pathOf((await world.call(`/v1/ground-truths?dataset=${dataset}&itemId=two`)).body.items[0] as Row)}/assign`,
      {
        method: 'POST',
        as: alice,
      },
    );
    const ids = async (query: string): Promise<string[]> =>
      ((await world.call(`/v1/ground-truths?dataset=${dataset}${query}`)).body.items as Row[]).map(
        ({ id }) => id,
      );

    expect(await ids('')).toEqual(['three', 'two', 'one']);
    expect(await ids('&status=approved')).toEqual([]);
    expect(await ids('&status=draft&tags=topic:travel')).toEqual(['one']);
    expect(await ids('&excludeTags=topic:travel,level:a1')).toEqual(['three']);
    expect(await ids(`&assignedTo=${alice}`)).toEqual(['two']);
    expect(await ids('&q=station')).toEqual(['three', 'one']);
    expect(await ids('&q=station%20-ticket')).toEqual(['one']);
    const first = (await world.call(`/v1/ground-truths?dataset=${dataset}&limit=2`)).body;
    expect(await ids(`&limit=2&cursor=${first.nextCursor as string}`)).toEqual(['one']);
    expect((await world.call('/v1/ground-truths?cursor=abc')).status).toBe(400);
    expect((await world.call('/v1/ground-truths?status=lost')).status).toBe(400);
  });

  it('keeps policy and instructions of a dataset under their own version', async () => {
    const path = `/v1/datasets/${unique('policy')}`;
    const made = await world.call(path, { method: 'PUT', body: { weight: 7, instructions: 'Be kind.' } });
    expect([made.status, made.body]).toMatchObject([201, { weight: 7, leaseMinutes: null, etag: '"1"' }]);
    const change = (headers: Record<string, string>) =>
      world.call(path, { method: 'PUT', body: { leaseMinutes: 30 }, headers });
    expect((await change({})).status).toBe(428);
    expect((await change({ 'If-Match': '"2"' })).status).toBe(412);
    expect((await change({ 'If-Match': '"1"' })).body).toMatchObject({
      weight: 7,
      leaseMinutes: 30,
      instructions: 'Be kind.',
      version: 2,
    });
    expect((await world.call(path, { method: 'PUT', body: { weight: -1 } })).status).toBe(400);
    expect((await world.call(path, { method: 'PUT', body: {}, as: 'alice' })).status).toBe(403);
  });

  it('refuses two tags of an exclusive group, on import and on save', async () => {
    const group = unique('source');
    await world.call(`/v1/ground-truths/tag-groups/${group}`, {
      method: 'PUT',
      body: { exclusive: true, tags: [{ value: 'web' }] },
    });
    const both = [`${group}:web`, `${group}:book`];
    const dataset = unique('tags');
    const { body } = await world.importItems([
      makeItem(dataset, { manualTags: both }),
      makeItem(dataset, { manualTags: [both[0]] }),
    ]);
    expect(body).toMatchObject({ imported: 1, errors: [{ code: 'INVALID_TAG' }] });
    const alice = unique('alice');
    await world.selfServe(alice, 1, { datasets: [dataset] });
    expect((await world.put(alice, (await world.my(alice))[0]!, { manualTags: both })).status).toBe(400);
    const groups = (await world.call(`/v1/ground-truths/tags?dataset=${dataset}`)).body.items as Body[];
    expect(groups.find(({ name }) => name === group)).toMatchObject({
      exclusive: true,
      tags: [{ name: `${group}:web`, counts: { total: 1, draft: 1 } }],
    });
  });
});
