import { expectInvariants } from './support/invariants.js';
import { makeItem, makeItems, pathOf, startWorld, unique, type Row, type World } from './support/world.js';

/** What the system that seed 003 was written for got wrong; each must stay right here. */
describe('the nine defects of the original', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  const curator = { sub: 'carla', owner: 'carla', roles: ['curator' as const] };
  const filled = async (count: number): Promise<string> => {
    const dataset = unique('defect');
    await world.importItems(makeItems(dataset, count));
    return dataset;
  };
  const held = async (user: string): Promise<Row> => {
    const dataset = await filled(1);
    await world.selfServe(user, 1, { datasets: [dataset] });
    return (await world.my(user)).find((row) => row.dataset === dataset)!;
  };

  it('1. limit adds to what one holds: two calls at once sum, and fifty more come on top of fifty-five', async () => {
    const dataset = await filled(120);
    const alice = unique('alice');
    await Promise.all([1, 2].map(() => world.selfServe(alice, 5, { datasets: [dataset] })));
    expect(await world.my(alice)).toHaveLength(10);

    await world.selfServe(alice, 45, { datasets: [dataset] });
    const { body } = await world.selfServe(alice, 50, { datasets: [dataset] });

    expect(body).toMatchObject({ assignedCount: 50, openCount: 105, shortfall: null });
    expect(await world.my(alice)).toHaveLength(105);
  });

  it('2. a skip clears the assignment, and yet the skipper is not served the item again', async () => {
    const alice = unique('alice');
    const row = await held(alice);

    const { body } = await world.put(alice, row, { status: 'skipped' });

    expect(body).toMatchObject({ status: 'skipped', assignedTo: null, assignedAt: null });
    const again = await world.selfServe(alice, 1, { datasets: [row.dataset] });
    expect(again.body).toMatchObject({ assigned: [], shortfall: 'SKIPPED_BY_YOU', remaining: 1 });
    const other = await world.selfServe(unique('bob'), 1, { datasets: [row.dataset] });
    expect(other.body.assigned).toMatchObject([{ id: row.id, status: 'draft' }]);
  });

  it('3. the id names an item within its dataset alone, and is taken there whatever its bucket', async () => {
    const [one, other] = [unique('defect'), unique('defect')];
    await world.importItems([
      makeItem(one, { id: 'x' }),
      makeItem(other, { id: 'x', answer: 'The other one.' }),
    ]);
    const again = await world.importItems([makeItem(one, { id: 'x', bucket: crypto.randomUUID() })]);
    expect(again.body).toMatchObject({ imported: 0, errors: [{ code: 'DUPLICATE_ID', itemId: 'x' }] });

    const bob = unique('bob');
    await world.selfServe(bob, 1, { datasets: [other] });

    expect((await world.my(bob)).map(({ dataset }) => dataset)).toEqual([other]);
    expect((await world.call(`/v1/ground-truths?dataset=${one}`)).body.items).toMatchObject([
      { id: 'x', assignedTo: null, answer: 'An example.' },
    ]);
  });

  it('4. what is assigned to nobody is changed by nobody through the route of reviewers', async () => {
    const dataset = await filled(1);
    const row = (await world.call(`/v1/ground-truths?dataset=${dataset}`)).body.items[0] as Row;
    const { status, body } = await world.put(unique('alice'), row, { approve: true });
    expect([status, body.code]).toEqual([403, 'ASSIGNMENT_OWNERSHIP']);
    expect((await world.call(pathOf(row, 'ground-truths'))).body).toMatchObject({
      status: 'draft',
      version: 1,
    });
  });

  it.each(['approved', 'deleted'])('5. no reviewer reopens what is %s by claiming it', async (status) => {
    const [alice, bob] = [unique('alice'), unique('bob')];
    const row = await held(alice);
    await world.put(alice, row, { status });

    const claim = await world.call(`${pathOf(row)}/assign`, { method: 'POST', as: bob });
    const forced = await world.call(`${pathOf(row)}/assign`, { body: { force: true }, as: bob });
    const served = await world.selfServe(bob, 1, { datasets: [row.dataset] });

    expect([claim.status, forced.status, served.body.assignedCount]).toEqual([409, 403, 0]);
    expect((await world.call(pathOf(row, 'ground-truths'))).body).toMatchObject({ status, version: 3 });
  });

  it('6. an item and what its holder sees of it never disagree', async () => {
    const [alice, bob] = [unique('alice'), unique('bob')];
    const dataset = await filled(8);
    await world.selfServe(alice, 8, { datasets: [dataset] });
    const rows = await world.my(alice);
    const bodies = [{ approve: true }, { status: 'skipped' }, { status: 'deleted' }, { comment: 'x' }];
    await Promise.all(bodies.map((body, index) => world.put(alice, rows[index]!, body)));
    await world.call(`${pathOf(rows[4]!)}/assign`, { method: 'DELETE', as: alice });
    await world.call(`${pathOf(rows[5]!)}/assign`, { body: { force: true }, as: curator });
    await world.call('/v1/assignments/transfer', { body: { from: alice, to: bob } });

    const items = (await world.call(`/v1/ground-truths?dataset=${dataset}`)).body.items as Row[];
    for (const user of [alice, bob, 'carla']) {
      const shown = (await world.my(user)).filter((row) => row.dataset === dataset);
      const kept = items.filter(({ assignedTo }) => assignedTo === user);
      expect(shown.map(({ id, etag }) => [id, etag]).sort()).toEqual(
        kept.map(({ id, etag }) => [id, etag]).sort(),
      );
    }
    await expectInvariants(world);
  });

  it('7. any number of skips is remembered, and a dataset is not taken for one whose name it begins', async () => {
    const few = await filled(230);
    const fewer = `${few}er`;
    await world.importItems(makeItems(fewer, 3));
    const alice = unique('alice');
    const { body } = await world.selfServe(alice, 225, { datasets: [few] });
    const items = (body.assigned as Row[]).map(({ dataset, id, etag }) => ({ dataset, id, etag }));
    await world.call('/v1/assignments/bulk', { body: { action: 'skip', items }, as: alice });

    const again = await world.selfServe(alice, 230, { datasets: [few] });

    expect(again.body).toMatchObject({ assignedCount: 5, shortfall: 'SKIPPED_BY_YOU', remaining: 225 });
    const skipped = new Set(items.map(({ id }) => id));
    expect((again.body.assigned as Row[]).filter(({ id }) => skipped.has(id))).toEqual([]);
    expect((again.body.assigned as Row[]).every(({ dataset }) => dataset === few)).toBe(true);
  });

  it('8. what somebody who is away holds can be given back, taken over and handed on', async () => {
    const [alice, bob] = [unique('alice'), unique('bob')];
    const rows = [await held(alice), await held(alice), await held(alice)];

    await world.call(`${pathOf(rows[0]!)}/assign`, { method: 'DELETE', as: curator });
    await world.call(`${pathOf(rows[1]!)}/assign`, { body: { force: true }, as: curator });
    await world.call('/v1/assignments/transfer', { body: { from: alice, to: bob } });

    const holders = await Promise.all(
      rows.map(async (row) => (await world.call(pathOf(row, 'ground-truths'))).body.assignedTo as unknown),
    );
    expect(holders).toEqual([null, 'carla', bob]);
  });

  it('9. every change is in the history with its author, and statistics are kept, not scanned', async () => {
    const alice = unique('alice');
    const row = await held(alice);
    await world.put(alice, row, { answer: 'Better.' });
    await world.put(alice, { ...row, etag: '"3"' }, { status: 'skipped', reason: 'too_hard' });

    const { body } = await world.call(`${pathOf(row, 'ground-truths')}/history`);
    expect(body.items).toMatchObject([
      { version: 4, action: 'skipped', actor: alice, reason: 'too_hard' },
      {
        version: 3,
        action: 'edited',
        actor: alice,
        changes: { answer: { from: 'An example.', to: 'Better.' } },
      },
      { version: 2, action: 'assigned', actor: alice },
      { version: 1, action: 'imported' },
    ]);
    const stats = await world.call(`/v1/ground-truths/stats?dataset=${row.dataset}`);
    expect(stats.body).toMatchObject({ total: 1, draft: 0, skipped: 1, assigned: 0 });
    await expectInvariants(world);
  });
});
