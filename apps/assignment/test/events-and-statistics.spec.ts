import { eventually } from '@hornbook/testing';
import { Database } from '@hornbook/database';
import { listenToEvents, type EventListener } from './support/events.js';
import {
  makeItem,
  makeItems,
  pathOf,
  startWorld,
  unique,
  type Body,
  type Row,
  type World,
} from './support/world.js';

describe('what happened to items', () => {
  let world: World;
  let listener: EventListener;
  beforeAll(async () => {
    world = await startWorld();
    listener = await listenToEvents(world.namespace);
  });
  afterAll(async () => {
    await listener.close();
    await world.stop();
  });

  const told = (dataset: string): { type: string; data: Body }[] =>
    listener.events
      .map(({ type, data }) => ({ type, data: data as Body }))
      .filter(
        ({ data }) =>
          data.dataset === dataset ||
          (data.items as Row[] | undefined)?.some((item) => item.dataset === dataset),
      );

  it('is told by an event for each change, and one for all items of a claim', async () => {
    const dataset = unique('events');
    const [alice, bob] = [unique('alice'), unique('bob')];
    await world.importItems(makeItems(dataset, 4));
    await world.selfServe(alice, 4, { datasets: [dataset] });
    const [one, two, three, four] = (await world.my(alice)) as [Row, Row, Row, Row];
    await world.put(alice, one, { approve: true, answer: 'Edited.' });
    await world.put(alice, two, { status: 'skipped', reason: 'too_hard' });
    await world.put(alice, three, { status: 'deleted', reason: 'nonsense' });
    await world.put(alice, four, { comment: 'x' });
    await world.call('/v1/assignments/transfer', { body: { from: alice, to: bob } });
    const reopen = { method: 'PUT', body: { status: 'draft' }, headers: { 'If-Match': '*' } };
    await world.call(pathOf(one, 'ground-truths'), reopen);

    await eventually(() => told(dataset).length >= 9);
    expect(
      told(dataset)
        .map(({ type }) => type)
        .sort(),
    ).toEqual(
      [
        'approved',
        'assigned',
        'assigned',
        'deleted',
        'edited',
        'imported',
        'released',
        'reopened',
        'skipped',
      ].map((word) => `ground-truth.${word}.v1`),
    );
    const data = (word: string): Body =>
      told(dataset).find(({ type }) => type === `ground-truth.${word}.v1`)?.data;
    expect(data('approved')).toMatchObject({
      id: one.id,
      version: 3,
      changedBy: alice,
      payload: { answer: 'Edited.' },
    });
    expect(data('deleted')).toMatchObject({ id: three.id, version: 3, reason: 'nonsense' });
    expect(data('reopened')).toMatchObject({ id: one.id, version: 4, fromStatus: 'approved' });
    expect(data('released')).toMatchObject({
      releasedFrom: alice,
      reason: 'transfer',
      items: [{ id: four.id }],
    });
    expect(data('assigned')).toMatchObject({ assignedTo: alice });
    expect(data('assigned').items).toHaveLength(4);
  });

  it('is told to who took an approved item over whenever its content changes', async () => {
    const dataset = unique('events');
    await world.importItems(makeItems(dataset, 1), { query: '?approve=true' });
    const row = (await world.call(`/v1/ground-truths?dataset=${dataset}`)).body.items[0] as Row;
    const put = { method: 'PUT', headers: { 'If-Match': '*' } };
    await world.call(pathOf(row, 'ground-truths'), {
      ...put,
      body: { status: 'approved', answer: 'Better.' },
    });
    await world.call(pathOf(row, 'ground-truths'), { ...put, body: { priority: 5 } });

    const approved = () =>
      told(dataset)
        .filter(({ type }) => type === 'ground-truth.approved.v1')
        .map(({ data }) => data as { version: number; payload: { answer: string } });
    await eventually(() => told(dataset).some(({ data }) => data.version === 3));
    expect(approved().map(({ version, payload }) => [version, payload.answer])).toEqual([
      [1, 'An example.'],
      [2, 'Better.'],
    ]);
  });

  it('is told by nothing when nothing happened', async () => {
    const dataset = unique('events');
    await world.importItems(makeItems(dataset, 1));
    const alice = unique('alice');
    await world.selfServe(alice, 1, { datasets: [dataset] });
    const [row] = (await world.my(alice)) as [Row];
    const before = await world.sql('SELECT id FROM outbox');
    await world.put('bob', row, { approve: true });
    await world.put(alice, row, { comment: 'x' }, { headers: { 'If-Match': '"9"' } });
    await world.selfServe(alice, 1, { datasets: [dataset] });
    await world.importItems(makeItems(dataset, 1), { query: '?dryRun=true' });
    expect(await world.sql('SELECT id FROM outbox')).toHaveLength(before.length);
  });

  it('is counted by dataset, tag, user and day', async () => {
    const dataset = unique('stats');
    const [alice, bob] = [unique('alice'), unique('bob')];
    await world.importItems([
      ...makeItems(dataset, 3, { manualTags: ['topic:travel'] }),
      makeItem(dataset, { manualTags: ['topic:money'] }),
    ]);
    await world.selfServe(alice, 3, { datasets: [dataset], tags: ['topic:travel'] });
    const [one, two] = (await world.my(alice)) as [Row, Row];
    await world.put(alice, one, { approve: true });
    await world.put(alice, two, { manualTags: ['topic:money'], status: 'deleted' });
    await world.selfServe(bob, 1, { datasets: [dataset] });

    const { body } = await world.call(`/v1/ground-truths/stats?dataset=${dataset}`);
    expect(body).toMatchObject({ total: 4, draft: 2, approved: 1, skipped: 0, deleted: 1, assigned: 2 });
    expect(body.tags).toEqual([
      { tag: 'topic:money', total: 2, draft: 1, approved: 0, skipped: 0, deleted: 1 },
      { tag: 'topic:travel', total: 2, draft: 1, approved: 1, skipped: 0, deleted: 0 },
    ]);
    const day = new Date().toISOString().slice(0, 10);
    const work = async (query: string, as?: string): Promise<Body[]> =>
      (await world.call(`/v1/assignments/stats?dataset=${dataset}${query}`, as === undefined ? {} : { as }))
        .body.items as Body[];
    expect(await work('&by=userDay')).toMatchObject([
      {
        user: alice,
        day,
        actions: { assigned: 3, approved: 1, deleted: 1 },
        meanSecondsToDecision: expect.any(Number),
      },
      { user: bob, day, actions: { assigned: 1 }, meanSecondsToDecision: null },
      { user: 'user-1', day, actions: { imported: 4 } },
    ]);
    expect((await work('', bob)).map(({ user }) => user as string)).toEqual([bob]);
    expect((await world.call(`/v1/assignments/stats?user=${alice}`, { as: bob })).status).toBe(403);
  });

  it('goes away with its migrations and comes back', async () => {
    const own = await startWorld();
    const { dataSource } = own.services[0]!.app.get(Database);
    await dataSource.undoLastMigration({ transaction: 'all' });
    const left = await own.sql<{ relname: string }>(
      `SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'S') AND relname NOT LIKE 'migrations%'`,
    );
    expect(left).toEqual([]);
    await dataSource.runMigrations({ transaction: 'all' });
    await own.stop();
  });
});
