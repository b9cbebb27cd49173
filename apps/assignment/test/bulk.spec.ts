import { eventually } from '@hornbook/testing';
import { listenToEvents, type EventListener } from './support/events.js';
import { expectInvariants } from './support/invariants.js';
import {
  makeItems,
  startWorld,
  unique,
  type Answer,
  type Body,
  type Call,
  type Row,
  type World,
} from './support/world.js';

describe('many items at once', () => {
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

  const curator = { sub: 'carla', owner: 'carla', roles: ['curator' as const] };
  const bulk = (body: object, call: Call = { as: curator }): Promise<Answer> =>
    world.call('/v1/assignments/bulk', { body, ...call });
  const filled = async (count: number, overrides: object = {}): Promise<string> => {
    const dataset = unique('bulk');
    await world.importItems(makeItems(dataset, count, overrides));
    return dataset;
  };
  /** Items in the user's hands, as a bulk change names them. */
  const held = async (user: string, count: number, overrides: object = {}): Promise<Named[]> => {
    const dataset = await filled(count, overrides);
    await world.selfServe(user, count, { datasets: [dataset] });
    const rows = (await world.my(user)).filter((row) => row.dataset === dataset);
    return rows.map(({ id, bucket, etag }) => ({ dataset, bucket, id, etag }));
  };
  const outcomes = ({ body }: Pick<Answer, 'body'>): unknown[] =>
    (body.results as Body[]).map(({ ok, code, status }) => (ok ? status : code) as unknown);

  it('changes many items at once, with a result for each', async () => {
    const dataset = unique('bulk');
    await world.importItems(makeItems(dataset, 6));
    const [alice, bob] = [unique('alice'), unique('bob')];
    await world.selfServe(alice, 4, { datasets: [dataset] });
    await world.selfServe(bob, 1, { datasets: [dataset] });
    const mine = await world.my(alice);
    const [other] = await world.my(bob);
    const items = [...mine, other!, mine[0]!].map(({ id, etag }) => ({ dataset, id, etag }));
    items[1]!.etag = '"1"';
    items.push({ dataset, id: 'nobody', etag: '"1"' });

    const { status, body } = await world.call('/v1/assignments/bulk', {
      body: { action: 'approve', items },
      as: alice,
    });

    expect(status).toBe(200);
    expect(outcomes({ body })).toEqual([
      'approved',
      'precondition_failed',
      'approved',
      'approved',
      'ASSIGNMENT_OWNERSHIP',
      'INVALID_TRANSITION',
      'not_found',
    ]);
    expect(body).toMatchObject({ succeeded: 3, failed: 4 });
    const reopen = items.slice(2, 4).map(({ id }) => ({ dataset, id, etag: '"3"' }));
    expect(
      (await world.call('/v1/assignments/bulk', { body: { action: 'reopen', items: reopen }, as: alice }))
        .status,
    ).toBe(403);
    const again = await world.call('/v1/assignments/bulk', {
      body: { action: 'reopen', items: reopen },
      as: curator,
    });
    expect(again.body).toMatchObject({ succeeded: 2, failed: 0 });
    const many = Array.from({ length: 501 }, () => reopen[0]);
    expect(
      (await world.call('/v1/assignments/bulk', { body: { action: 'reopen', items: many }, as: curator }))
        .status,
    ).toBe(400);
  });

  it('schedules and hands out items in bulk', async () => {
    const dataset = unique('bulk');
    await world.importItems(makeItems(dataset, 3));
    const rows = (await world.call(`/v1/ground-truths?dataset=${dataset}`)).body.items as Row[];
    const items = rows.map(({ id, etag }) => ({ dataset, id, etag }));
    const schedule = {
      action: 'schedule',
      items: items.slice(0, 1),
      priority: 50,
      dueAt: '2027-01-01T00:00:00Z',
    };
    expect((await world.call('/v1/assignments/bulk', { body: schedule, as: curator })).body.succeeded).toBe(
      1,
    );
    const bob = unique('bob');
    const assign = { action: 'assign', items: items.slice(1), assignTo: bob };
    expect((await world.call('/v1/assignments/bulk', { body: assign, as: curator })).body.succeeded).toBe(2);
    expect(await world.my(bob)).toHaveLength(2);
    expect((await world.selfServe(unique('zoe'), 1, { datasets: [dataset] })).body.assigned[0]).toMatchObject(
      {
        id: rows[0]!.id,
        priority: 50,
        dueAt: '2027-01-01T00:00:00.000Z',
      },
    );
  });

  it.each([
    ['approve', 'approved', null],
    ['skip', 'skipped', null],
    ['delete', 'deleted', null],
    ['release', 'draft', null],
  ])('%s: of what one holds, and the same again after a lost answer', async (action, status, holder) => {
    const alice = unique('alice');
    const items = await held(alice, 3);

    const first = await bulk({ action, items, reason: 'batch' }, { as: alice });
    const second = await bulk({ action, items, reason: 'batch' }, { as: alice });

    expect(outcomes(first)).toEqual([status, status, status]);
    // What is given back is nobody's: there it takes the same to be told, and to change, nothing.
    expect(second.body.succeeded).toBe(action === 'release' ? 0 : 3);
    const now = (await world.call(`/v1/ground-truths?dataset=${items[0]!.dataset}`)).body.items as Row[];
    expect(now.map(({ version, assignedTo }) => [version, assignedTo])).toEqual(items.map(() => [3, holder]));
    await expectInvariants(world);
  });

  it('happens once for an Idempotency-Key', async () => {
    const items = (await held(unique('alice'), 2)).map((item) => ({ ...item, etag: '*' }));
    const headers = { 'Idempotency-Key': unique('key') };
    const body = { action: 'schedule', items, priority: 3 };

    const answers = await Promise.all([1, 2].map(() => bulk(body, { as: curator, headers })));

    expect(answers[0]!.text).toBe(answers[1]!.text);
    expect((answers[0]!.body.results as Row[]).map(({ etag }) => etag)).toEqual(['"3"', '"3"']);
    expect((await bulk({ ...body, priority: 4 }, { as: curator, headers })).status).toBe(422);
  });

  it.each([
    ['W/"2"', 'precondition_failed'],
    ['"1", "2"', 'approved'],
    ['"1', 'validation_error'],
    ['', 'precondition_required'],
    ['*', 'validation_error'],
  ])('reads the etag %s of an item as If-Match', async (etag, outcome) => {
    const alice = unique('alice');
    const [item] = await held(alice, 1);
    const answer = await bulk({ action: 'approve', items: [{ ...item, etag }] }, { as: alice });
    expect([answer.status, outcomes(answer)]).toEqual([200, [outcome]]);
  });

  it('takes * from those who lead, and refuses what cannot be approved without touching the others', async () => {
    const alice = unique('alice');
    const [whole] = await held(alice, 1);
    const [lacking] = await held(alice, 1, { answer: null });
    const items = [whole, lacking].map((item) => ({ ...item, etag: '*' }));
    expect(outcomes(await bulk({ action: 'approve', items }))).toEqual(['approved', 'INVALID_APPROVAL']);
  });

  it('needs the right bucket, where one is named', async () => {
    const alice = unique('alice');
    const [item] = await held(alice, 1);
    const items = [{ ...item, bucket: crypto.randomUUID() }];
    expect(outcomes(await bulk({ action: 'skip', items }, { as: alice }))).toEqual(['not_found']);
  });

  it.each([
    [{ action: 'assign', items: [] }, 'items'],
    [{ action: 'assign' }, 'items'],
    [{ action: 'explode', items: [{ dataset: 'a', id: 'b', etag: '"1"' }] }, 'action'],
    [{ action: 'assign', items: [{ dataset: 'a', id: 'b', etag: '"1"' }] }, 'assignTo'],
    [{ action: 'skip', assignTo: 'bob', items: [{ dataset: 'a', id: 'b', etag: '"1"' }] }, 'assignTo'],
    [{ action: 'schedule', items: [{ dataset: 'a', id: 'b', etag: '"1"' }] }, 'priority'],
    [{ action: 'skip', items: [{ dataset: 'a', id: 'b' }] }, 'items[0].etag'],
  ])('refuses %j and names %s', async (body, field) => {
    const answer = await bulk(body);
    expect(answer.status).toBe(400);
    expect((answer.body.details as Fault[]).map((fault) => fault.field)).toContain(field);
  });

  it('hands an item over: the holder loses it, and each of both is told by one event', async () => {
    const [alice, bob] = [unique('alice'), unique('bob')];
    const items = await held(alice, 3);

    const answer = await bulk({ action: 'assign', items, assignTo: bob });

    expect(answer.body.succeeded).toBe(3);
    expect([await world.my(alice), await world.my(bob)].map(({ length }) => length)).toEqual([0, 3]);
    const told = (word: string, user: string): unknown[] =>
      listener.events
        .filter(({ type }) => type === `ground-truth.${word}.v1`)
        .map(({ data }) => data as { assignedTo?: string; releasedFrom?: string })
        .filter(({ assignedTo, releasedFrom }) => [assignedTo, releasedFrom].includes(user));
    await eventually(() => told('assigned', bob).length > 0 && told('released', alice).length > 0);
    expect(told('assigned', bob)).toMatchObject([{ items: [{}, {}, {}] }]);
    expect(told('released', alice)).toMatchObject([{ reason: 'force', items: [{}, {}, {}] }]);
  });

  it('moves more than a thousand items, of the named datasets alone', async () => {
    const [alice, bob] = [unique('alice'), unique('bob')];
    const [many, other] = [await filled(1_100), await filled(2)];
    await world.selfServe(alice, 1_000, { datasets: [many] });
    await world.selfServe(alice, 100, { datasets: [many] });
    await world.selfServe(alice, 2, { datasets: [other] });
    const transfer = (body: object) => world.call('/v1/assignments/transfer', { body, as: curator });

    const unknown = await transfer({ from: alice, to: bob, datasets: [many, 'nowhere'] });
    expect(unknown.body.details).toMatchObject([{ field: 'datasets[1]', code: 'unknown_dataset' }]);
    expect((await transfer({ from: alice, to: alice })).status).toBe(400);
    expect((await transfer({ from: alice, to: bob, datasets: [many] })).body).toEqual({
      items: 1_100,
      slots: 0,
    });

    expect((await world.my(alice)).map(({ dataset }) => dataset)).toEqual([other, other]);
    expect((await transfer({ from: alice, to: bob, datasets: [many] })).body.items).toBe(0);
    await expectInvariants(world);
  });
});

interface Fault {
  readonly field: string;
}

interface Named {
  readonly dataset: string;
  readonly bucket: string;
  readonly id: string;
  readonly etag: string;
}
