import { makeItems, unique, type Row, type World } from './world.js';

/** Large numbers are for `npm run bench`, which sets the flag. */
const stress = process.env['ASSIGNMENT_STRESS'] === 'true';

/** Seed 003's eight tests, by name, for a service however it is reached. */
export function useCaseFlow(start: () => Promise<World>): void {
  let world: World;
  beforeAll(async () => {
    world = await start();
  });
  afterAll(() => world.stop());

  const imported = async (count: number): Promise<string> => {
    const dataset = unique('flow');
    const { status, body } = await world.importItems(makeItems(dataset, count));
    expect({ status, imported: body.imported, failed: body.failed }).toEqual({
      status: 200,
      imported: count,
      failed: 0,
    });
    return dataset;
  };
  const users = () => ['alice', 'bob', 'carol'].map(unique);
  const own = async (user: string, dataset: string): Promise<Row[]> =>
    (await world.my(user)).filter((row) => row.dataset === dataset);
  const expectDistinct = (sets: readonly (readonly Row[])[]): void => {
    const ids = sets.flat().map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  };

  it('test_bulk_import_1000_and_distinct_selfserve_three_users', async () => {
    const dataset = await imported(1_000);
    const three = users();

    for (const user of three) {
      const { status, body } = await world.selfServe(user, 100, { datasets: [dataset] });
      expect({ status, count: body.assignedCount, shortfall: body.shortfall }).toEqual({
        status: 200,
        count: 100,
        shortfall: null,
      });
    }

    const sets = await Promise.all(three.map((user) => own(user, dataset)));
    expect(sets.map(({ length }) => length)).toEqual([100, 100, 100]);
    expectDistinct(sets);
    expect(sets[0]![0]).toMatchObject({
      id: expect.any(String),
      dataset,
      bucket: expect.stringMatching(/^[0-9a-f-]{36}$/),
      status: 'draft',
      etag: expect.stringMatching(/^"\d+"$/),
      assignedAt: expect.stringMatching(/Z$/),
    });
  });

  it('test_selfserve_then_mixed_actions_and_request_more', async () => {
    const dataset = await imported(300);
    const alice = unique('alice');
    await world.selfServe(alice, 100, { datasets: [dataset] });
    const rows = await own(alice, dataset);
    const parts = { approved: rows.slice(0, 20), skipped: rows.slice(20, 35), deleted: rows.slice(35, 45) };

    for (const [status, part] of Object.entries(parts)) {
      for (const row of part) {
        const answer = await world.put(alice, row, status === 'approved' ? { approve: true } : { status });
        expect([answer.status, answer.body.status]).toEqual([200, status]);
        expect(answer.body.etag).not.toBe(row.etag);
        expect(answer.headers.get('etag')).toBe(answer.body.etag);
        expect(answer.body).toMatchObject({ assignedTo: null, assignedAt: null });
      }
    }

    const left = await own(alice, dataset);
    expect(left.map(({ id }) => id).sort()).toEqual(
      rows
        .slice(45)
        .map(({ id }) => id)
        .sort(),
    );
    const more = await world.selfServe(alice, 50, { datasets: [dataset] });
    expect(more.body).toMatchObject({ assignedCount: 50, openCount: 105 });
    const now = await own(alice, dataset);
    expect(now).toHaveLength(105);
    const gone = new Set(
      Object.values(parts)
        .flat()
        .map(({ id }) => id),
    );
    expect(now.filter(({ id }) => gone.has(id))).toEqual([]);
  });

  (stress ? it : it.skip)('test_bulk_import_10000_high_volume_assignment_smoke', async () => {
    const dataset = await imported(10_000);
    const three = users();
    for (const user of three) await world.selfServe(user, 1_000, { datasets: [dataset] });
    const sets = await Promise.all(three.map((user) => own(user, dataset)));
    expect(sets.map(({ length }) => length)).toEqual([1_000, 1_000, 1_000]);
    expectDistinct(sets);
  });

  it('test_idempotent_selfserve_does_not_duplicate_assignments', async () => {
    const dataset = await imported(20);
    const alice = unique('alice');
    const first = (await world.selfServe(alice, 5, { datasets: [dataset] })).body.assigned as Row[];
    const second = (await world.selfServe(alice, 5, { datasets: [dataset] })).body.assigned as Row[];
    expectDistinct([first, second]);
    expect(await own(alice, dataset)).toHaveLength(10);
  });

  it('test_cross_user_update_forbidden', async () => {
    const dataset = await imported(1);
    const [alice, bob] = users() as [string, string];
    await world.selfServe(alice, 1, { datasets: [dataset] });
    const [row] = (await own(alice, dataset)) as [Row];

    const answer = await world.put(bob, row, { approve: true });

    expect([answer.status, answer.body.code]).toEqual([403, 'ASSIGNMENT_OWNERSHIP']);
    expect(await own(alice, dataset)).toEqual([row]);
  });

  it('test_concurrent_selfserve_no_duplicates', async () => {
    const dataset = await imported(100);
    const [alice, bob] = users() as [string, string];

    const answers = await Promise.all(
      [alice, alice, bob, bob].map((user) => world.selfServe(user, 20, { datasets: [dataset] })),
    );

    expect(answers.map(({ body }) => body.assignedCount as number)).toEqual([20, 20, 20, 20]);
    expectDistinct(answers.map(({ body }) => body.assigned as Row[]));
    expect([await own(alice, dataset), await own(bob, dataset)].map(({ length }) => length)).toEqual([
      40, 40,
    ]);
  });

  it('test_post_actions_visibility_in_my_assignments', async () => {
    const dataset = await imported(4);
    const alice = unique('alice');
    await world.selfServe(alice, 4, { datasets: [dataset] });
    const [kept, ...rows] = (await own(alice, dataset)) as [Row, Row, Row, Row];

    await world.put(alice, rows[0], { status: 'approved' });
    await world.put(alice, rows[1], { status: 'skipped' });
    await world.put(alice, rows[2], { status: 'deleted' });

    expect(await own(alice, dataset)).toEqual([kept]);
  });

  it('test_skipped_items_become_reassignable_after_unassign', async () => {
    const dataset = await imported(1);
    const [alice, bob] = users() as [string, string];
    await world.selfServe(alice, 1, { datasets: [dataset] });
    const [row] = (await own(alice, dataset)) as [Row];
    const skip = await world.put(alice, row, { status: 'skipped', reason: 'not_my_field' });
    expect(skip.body).toMatchObject({ status: 'skipped', assignedTo: null });

    const again = await world.selfServe(alice, 1, { datasets: [dataset] });
    expect(again.body).toMatchObject({ assignedCount: 0, shortfall: 'SKIPPED_BY_YOU', remaining: 1 });

    const others = await world.selfServe(bob, 1, { datasets: [dataset] });
    expect(others.body.assigned).toMatchObject([{ id: row.id, status: 'draft', assignedTo: bob }]);
  });
}
