import { eventually } from '@hornbook/testing';
import pg from 'pg';
import { makeItem, makeItems, pathOf, startWorld, unique, type Row, type World } from './support/world.js';

describe('self-serve', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ env: { LEASE_SWEEP_MS: '100' } });
  });
  afterAll(() => world.stop());

  const filled = async (count: number, policy?: object, overrides: object = {}): Promise<string> => {
    const dataset = unique('pool');
    if (policy) await world.call(`/v1/datasets/${dataset}`, { method: 'PUT', body: policy });
    await world.importItems(makeItems(dataset, count, overrides));
    return dataset;
  };
  const by = (rows: readonly Row[], dataset: string): number =>
    rows.filter((row) => row.dataset === dataset).length;

  it.each([
    ['negative', -1],
    ['a text', '10'],
    ['huge', 1_001],
    ['a fraction', 1.5],
    ['missing', undefined],
  ])('refuses a limit that is %s, and names it', async (_, limit) => {
    const { status, body } = await world.selfServe('alice', limit);
    expect([status, body.details[0].field]).toEqual([400, 'limit']);
  });

  it('hands out nothing for a limit of 0', async () => {
    const { status, body } = await world.selfServe(unique('zoe'), 0);
    expect([status, body]).toMatchObject([
      200,
      { assigned: [], requested: 0, assignedCount: 0, shortfall: null },
    ]);
  });

  it('refuses a dataset that does not exist, and names it', async () => {
    const { status, body } = await world.selfServe('alice', 1, { datasets: [await filled(1), 'nowhere'] });
    expect([status, body.details]).toMatchObject([400, [{ field: 'datasets[1]', code: 'unknown_dataset' }]]);
  });

  it('adds to what one holds; topUp fills up to the limit', async () => {
    const dataset = await filled(30);
    const user = unique('alice');
    await world.selfServe(user, 5, { datasets: [dataset] });
    await world.selfServe(user, 5, { datasets: [dataset] });
    expect((await world.selfServe(user, 12, { datasets: [dataset], mode: 'topUp' })).body).toMatchObject({
      requested: 12,
      assignedCount: 2,
      openCount: 12,
      shortfall: null,
      remaining: 18,
    });
    const answers = await Promise.all(
      [1, 2, 3].map(() => world.selfServe(user, 20, { datasets: [dataset], mode: 'topUp' })),
    );
    expect(answers.reduce((sum, { body }) => sum + (body.assignedCount as number), 0)).toBe(8);
  });

  it('divides by weight to the item, and lets others fill in for an empty dataset', async () => {
    const [five, three, two, none] = [
      await filled(100, { weight: 5 }),
      await filled(100, { weight: 3 }),
      await filled(10, { weight: 2 }),
      await filled(0, { weight: 90 }),
    ] as [string, string, string, string];
    const datasets = [five, three, two, none];

    const first = (await world.selfServe(unique('bob'), 40, { datasets })).body;
    expect([five, three, two, none].map((name) => by(first.assigned as Row[], name))).toEqual([20, 12, 8, 0]);

    const second = (await world.selfServe(unique('bob'), 40, { datasets })).body;
    expect(by(second.assigned as Row[], two)).toBe(2);
    expect(second).toMatchObject({ assignedCount: 40, shortfall: null });
  });

  it('serves a dataset of weight 0 only when it is named', async () => {
    const dataset = await filled(2, { weight: 0 });
    const user = unique('bob');
    const open = (await world.selfServe(user, 1_000)).body.assigned as Row[];
    expect(by(open, dataset)).toBe(0);
    expect((await world.selfServe(user, 2, { datasets: [dataset] })).body.assignedCount).toBe(2);
    await world.call('/v1/assignments/transfer', { body: { from: user, to: null } });
  });

  it('says that others were taking the rest when their claims are not done yet', async () => {
    const dataset = await filled(3);
    const claim = new pg.Client({ connectionString: world.database.urlFor('assignment') });
    await claim.connect();
    await claim.query('BEGIN');
    await claim.query(
      'SELECT FROM item_states s JOIN datasets d ON d.id = s.dataset_id WHERE d.name = $1 FOR UPDATE OF s',
      [dataset],
    );

    const { body } = await world.selfServe(unique('bob'), 3, { datasets: [dataset] });

    await claim.query('ROLLBACK');
    await claim.end();
    expect(body).toMatchObject({ assigned: [], shortfall: 'TAKEN_MEANWHILE', remaining: 3 });
  });

  it('is narrowed by tags', async () => {
    const dataset = await filled(20);
    await world.importItems(makeItems(dataset, 3, { manualTags: ['topic:travel', 'level:a1'] }));
    const user = unique('bob');
    const { body } = await world.selfServe(user, 5, { datasets: [dataset], tags: ['topic:travel'] });
    expect(body).toMatchObject({ assignedCount: 3, shortfall: 'SUPPLY_EXHAUSTED', remaining: 0 });
  });

  it('serves what is due first, then by priority', async () => {
    const dataset = unique('pool');
    const due = makeItem(dataset, { priority: -5, dueAt: new Date(Date.now() + 3_600_000).toISOString() });
    const [high, middle] = [makeItem(dataset, { priority: 9 }), makeItem(dataset, { priority: 3 })];
    await world.importItems([...makeItems(dataset, 5), middle, due, high]);
    const user = unique('bob');
    const ids: string[] = [];
    for (let turn = 0; turn < 3; turn++) {
      ids.push((await world.selfServe(user, 1, { datasets: [dataset] })).body.assigned[0].id as string);
    }
    expect(ids).toEqual([due['id'], high['id'], middle['id']]);
  });

  it('keeps to the cap of a dataset exactly, also in parallel, and says so', async () => {
    const dataset = await filled(30, { perUserCap: 7 });
    const user = unique('bob');
    const answers = await Promise.all(
      [1, 2, 3, 4].map(() => world.selfServe(user, 5, { datasets: [dataset] })),
    );
    expect(answers.reduce((sum, { body }) => sum + (body.assignedCount as number), 0)).toBe(7);
    expect((await world.selfServe(user, 1, { datasets: [dataset] })).body).toMatchObject({
      shortfall: 'DATASET_LIMIT',
      remaining: 23,
    });
  });

  it('answers a repetition under the same Idempotency-Key with the same items', async () => {
    const dataset = await filled(10);
    const user = unique('bob');
    const headers = { 'Idempotency-Key': unique('key') };
    const answers = await Promise.all(
      [1, 2].map(() => world.selfServe(user, 3, { datasets: [dataset] }, { headers })),
    );
    expect(answers[0]!.text).toBe(answers[1]!.text);
    expect(await world.my(user)).toHaveLength(3);
  });

  it('pages through what one holds without gap or repetition', async () => {
    const dataset = await filled(11);
    const user = unique('bob');
    await world.selfServe(user, 6, { datasets: [dataset] });
    await world.selfServe(user, 5, { datasets: [dataset] });
    const ids: string[] = [];
    let path: string | null = '/v1/assignments/my?limit=4';
    while (path !== null) {
      const { body } = await world.call(path, { as: user });
      ids.push(...(body.items as Row[]).map(({ id }) => id));
      path =
        body.nextCursor === null ? null : `/v1/assignments/my?limit=4&cursor=${body.nextCursor as string}`;
    }
    expect(ids).toHaveLength(11);
    expect(new Set(ids).size).toBe(11);
    const { body } = await world.call('/v1/assignments/my?full=true', { as: user });
    expect(body.items[0]).toMatchObject({ answer: 'An example.', tags: [] });
  });

  it('ends a lease that ran out: the item is back with its edits, and its history says so', async () => {
    const dataset = await filled(1, { leaseMinutes: 10 });
    const [alice, bob] = [unique('alice'), unique('bob')];
    await world.selfServe(alice, 1, { datasets: [dataset] });
    const [row] = (await world.my(alice)) as [Row];
    expect(Date.parse(row.leaseExpiresAt!) - Date.now()).toBeGreaterThan(9 * 60_000);
    await world.put(alice, row, { comment: 'half done' });
    await world.sql(
      `UPDATE item_states SET lease_expires_at = now() - interval '1 second' WHERE assigned_to = $1`,
      [alice],
    );

    await eventually(async () => (await world.my(alice)).length === 0);

    const { body } = await world.selfServe(bob, 1, { datasets: [dataset] });
    expect(body.assigned[0].id).toBe(row.id);
    const path = pathOf(row, 'ground-truths');
    expect((await world.call(path)).body).toMatchObject({ comment: 'half done', assignedTo: bob });
    expect((await world.call(`${path}/history`)).body.items[1]).toMatchObject({
      action: 'expired',
      actor: 'system:leases',
      fromUser: alice,
      toUser: null,
    });
  });

  it('puts the end of a lease off with every save, and when asked, without a new version', async () => {
    const dataset = await filled(1, { leaseMinutes: 10 });
    const alice = unique('alice');
    await world.selfServe(alice, 1, { datasets: [dataset] });
    const [row] = (await world.my(alice)) as [Row];
    const shorten = () =>
      world.sql(
        `UPDATE item_states SET lease_expires_at = now() + interval '1 minute' WHERE assigned_to = $1`,
        [alice],
      );
    const minutes = (answer: { body: { leaseExpiresAt: string } }): number =>
      Math.round((Date.parse(answer.body.leaseExpiresAt) - Date.now()) / 60_000);

    await shorten();
    const renewed = await world.call(`${pathOf(row)}/lease`, { method: 'POST', as: alice });
    expect([minutes(renewed), renewed.body.version]).toEqual([10, 2]);
    await shorten();
    const saved = await world.put(alice, row, { comment: 'x' });
    expect([minutes(saved), saved.body.version]).toEqual([10, 3]);
    expect((await world.call(`${pathOf(row)}/lease`, { method: 'POST', as: 'bob' })).status).toBe(403);
  });

  it('moves all items of somebody who leaves, to another or to the pool', async () => {
    const dataset = await filled(6);
    const [alice, bob] = [unique('alice'), unique('bob')];
    await world.selfServe(alice, 6, { datasets: [dataset] });
    const transfer = (body: object, as?: string) =>
      world.call('/v1/assignments/transfer', { body, ...(as === undefined ? {} : { as }) });

    expect((await transfer({ from: alice, to: bob }, alice)).status).toBe(403);
    expect((await transfer({ from: alice, to: bob })).body).toEqual({ items: 6, slots: 0 });
    expect([await world.my(alice), await world.my(bob)].map(({ length }) => length)).toEqual([0, 6]);
    expect((await transfer({ from: bob, to: null })).body.items).toBe(6);
    expect((await world.selfServe(alice, 6, { datasets: [dataset] })).body.assignedCount).toBe(6);
  });
});
