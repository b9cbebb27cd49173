import { eventually } from '@hornbook/testing';
import { expectInvariants } from './support/invariants.js';
import { makeItems, startWorld, unique, type Row, type World } from './support/world.js';

describe('two copies of the service', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ replicas: 2, env: { LEASE_SWEEP_MS: '50' } });
  });
  afterAll(() => world.stop());

  const filled = async (count: number, policy: object = {}): Promise<string> => {
    const dataset = unique('parallel');
    await world.call(`/v1/datasets/${dataset}`, { method: 'PUT', body: policy });
    await world.importItems(makeItems(dataset, count));
    return dataset;
  };
  /** So many clients claim until there is nothing left. */
  const empty = async (dataset: string, users: readonly string[]): Promise<string[]> => {
    const ids: string[] = [];
    await Promise.all(
      users.map(async (user, index) => {
        for (let got = 1; got > 0;) {
          const { body } = await world.selfServe(user, 7, { datasets: [dataset] }, { replica: index % 2 });
          got = body.assignedCount as number;
          ids.push(...(body.assigned as Row[]).map(({ id }) => id));
        }
      }),
    );
    return ids;
  };

  it.each([
    ['one user', () => Array.from({ length: 16 }, () => 'alice')],
    ['several users', () => Array.from({ length: 16 }, (_, index) => `user-${String(index % 5)}`)],
    ['64 clients', () => Array.from({ length: 64 }, (_, index) => `client-${String(index)}`)],
  ])('hand out every item once and leave none to %s', async (_, users) => {
    const dataset = await filled(1_000);
    const ids = await empty(dataset, users());
    expect([ids.length, new Set(ids).size]).toEqual([1_000, 1_000]);
    await expectInvariants(world);
  });

  it('let one of two changes of the same version through', async () => {
    const dataset = await filled(1);
    const alice = unique('alice');
    await world.selfServe(alice, 1, { datasets: [dataset] });
    const [row] = (await world.my(alice)) as [Row];
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        world.put(alice, row, { comment: String(index) }, { replica: index % 2 }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(7).fill(412)]);
  });

  it('fold counters that many connections wrote into few rows, and what they add up to stays', async () => {
    const dataset = await filled(5);
    const rows = async (): Promise<number> => {
      const [row] = await world.sql<{ rows: number }>(
        `SELECT count(*)::integer AS rows FROM item_counts c JOIN datasets d ON d.id = c.dataset_id
         WHERE d.name = $1 AND c.tag = '' AND c.state = 'draft'`,
        [dataset],
      );
      return row?.rows ?? 0;
    };
    // As forty connections leave it, half of which took away what the others had added.
    await world.sql(
      `INSERT INTO item_counts (dataset_id, tag, state, shard, items)
       SELECT d.id, '', 'draft', 100 + n, CASE WHEN n % 2 = 0 THEN 3 ELSE -3 END
       FROM datasets d, generate_series(1, 40) AS n WHERE d.name = $1`,
      [dataset],
    );

    await eventually(async () => (await rows()) <= 9);

    const { body } = await world.call(`/v1/datasets/${dataset}`);
    expect(body.counts).toMatchObject({ total: 5, draft: 5 });
    await expectInvariants(world);
  });

  it('import the same ids at once, each once', async () => {
    const dataset = unique('parallel');
    const items = makeItems(dataset, 300);
    const answers = await Promise.all(
      [items, items.toReversed(), items, items.toReversed()].map((each, replica) =>
        world.importItems(each, { replica: replica % 2 }),
      ),
    );
    expect(answers.map(({ body }) => body.imported as number).reduce((one, other) => one + other)).toBe(300);
    await expectInvariants(world);
  });
});
