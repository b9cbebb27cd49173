import { eventually } from '@hornbook/testing';
import pg from 'pg';
import { expectInvariants } from './support/invariants.js';
import { curator } from './support/reviewers.js';
import {
  makeItem,
  makeItems,
  pathOf,
  startWorld,
  unique,
  type Answer,
  type Row,
  type World,
} from './support/world.js';

describe('a claim', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  /** Does `work` while another transaction is open in which `statement` has run. */
  const during = async (
    statement: string,
    values: unknown[],
    work: (client: pg.Client) => Promise<void>,
  ): Promise<void> => {
    const client = new pg.Client({ connectionString: world.database.urlFor('assignment') });
    await client.connect();
    try {
      await client.query('BEGIN');
      await client.query(statement, values);
      await work(client);
    } finally {
      await client.end();
    }
  };
  const isWaiting = async (): Promise<boolean> => {
    const [row] = await world.sql<{ waiting: boolean }>(
      `SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND locktype = 'advisory'
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS waiting`,
    );
    return row?.waiting === true;
  };
  const idOf = async (dataset: string): Promise<number> => {
    const [row] = await world.sql<{ id: number }>('SELECT id FROM datasets WHERE name = $1', [dataset]);
    return row!.id;
  };

  it('that runs while requiredReviews is raised is seen by who raises it', async () => {
    const dataset = unique('raised');
    await world.call(`/v1/datasets/${dataset}`, { method: 'PUT', body: {} });
    await world.importItems(makeItems(dataset, 3));
    let raised: Promise<{ status: number }> | undefined;

    await during(
      `SELECT FROM claim_items(ARRAY[$1::integer], ARRAY[2], '{ann}', '{ann}', '{1,1}', NULL, 0)`,
      [await idOf(dataset)],
      async (claim) => {
        raised = world.call(`/v1/datasets/${dataset}`, {
          method: 'PUT',
          body: { requiredReviews: 2 },
          headers: { 'If-Match': '"1"' },
        });
        await eventually(isWaiting);
        await claim.query('COMMIT');
      },
    );

    expect((await raised)?.status).toBe(409);
    await expectInvariants(world);
  });

  it('that begins while requiredReviews is being raised waits, and gives nothing to one reviewer alone', async () => {
    const dataset = unique('raised');
    await world.call(`/v1/datasets/${dataset}`, { method: 'PUT', body: {} });
    await world.importItems(makeItems(dataset, 3));
    const id = await idOf(dataset);
    let claimed: Promise<{ status: number; body: { assigned: Row[] } }> | undefined;

    await during(
      `SELECT pg_advisory_xact_lock(hashtext('dataset policy ' || current_schema()), $1::integer)`,
      [id],
      async (policy) => {
        await policy.query('UPDATE datasets SET required_reviews = 2 WHERE id = $1', [id]);
        claimed = world.selfServe(unique('ben'), 2, { datasets: [dataset] });
        await eventually(isWaiting);
        await policy.query('COMMIT');
      },
    );

    expect((await claimed)?.status).toBe(200);
    expect(
      await world.sql('SELECT FROM item_states WHERE dataset_id = $1 AND assigned_to IS NOT NULL', [id]),
    ).toEqual([]);
  });

  it.each(['by name', 'in bulk'] as const)(
    '%s that begins while requiredReviews is being raised waits, and is refused then',
    async (how) => {
      const dataset = unique('raised');
      await world.call(`/v1/datasets/${dataset}`, { method: 'PUT', body: {} });
      await world.importItems(makeItems(dataset, 1));
      const id = await idOf(dataset);
      const [item] = (await world.call(`/v1/ground-truths?dataset=${dataset}`)).body.items as Row[];
      const assign = (): Promise<Answer> =>
        world.call(`${pathOf(item!)}/assign`, { method: 'POST', as: unique('ben') });
      const bulk = (): Promise<Answer> => {
        const items = [{ dataset, id: item!.id, etag: '"1"' }];
        return world.call('/v1/assignments/bulk', {
          body: { action: 'assign', assignTo: 'ben', items },
          as: curator('carla'),
        });
      };
      let answer: Promise<Answer> | undefined;

      await during(
        `SELECT pg_advisory_xact_lock(hashtext('dataset policy ' || current_schema()), $1::integer)`,
        [id],
        async (policy) => {
          await policy.query('UPDATE datasets SET required_reviews = 2 WHERE id = $1', [id]);
          answer = how === 'by name' ? assign() : bulk();
          await eventually(isWaiting);
          await policy.query('COMMIT');
        },
      );

      expect(await answer).toMatchObject(
        how === 'by name' ? { status: 409 } : { status: 200, body: { failed: 1 } },
      );
      await expectInvariants(world);
    },
  );

  it('narrowed by a rare tag reads what carries it, and not the whole pool', async () => {
    const dataset = unique('rare');
    await world.importItems(makeItems(dataset, 1, { manualTags: ['topic:rare', 'level:a1'] }));
    const id = await idOf(dataset);
    await world.sql(
      `WITH fresh AS (
         INSERT INTO items (dataset_id, id, bucket, content, tags, created_by)
         SELECT $1, 'common-' || n, '00000000-0000-4000-8000-000000000000', '{}', '{level:a1}', 'test'
         FROM generate_series(1, 20000) AS n RETURNING pk, dataset_id
       ), states AS (
         INSERT INTO item_states (item_pk, dataset_id, rnd, author, updated_by, tags)
         SELECT pk, dataset_id, (random() * 2147483646)::integer, 'test', 'test', '{level:a1}' FROM fresh
       )
       INSERT INTO item_counts (dataset_id, tag, state, shard, items)
       VALUES ($1, '', 'draft', -2, 20000), ($1, 'level:a1', 'draft', -2, 20000)`,
      [id],
    );
    const [
      {
        'QUERY PLAN': [{ Plan: plan }],
      },
    ] = (await world.sql(
      `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)
       SELECT FROM claim_items(ARRAY[${String(id)}], ARRAY[10], '{cid}', '{cid}', array_fill(1, '{10}'), '{topic:rare,level:a1}', 7)`,
    )) as [{ 'QUERY PLAN': [{ Plan: Record<string, number> }] }];

    expect(plan['Actual Rows']).toBe(1);
    expect(plan['Shared Hit Blocks']! + plan['Shared Read Blocks']!).toBeLessThan(5_000);
    await expectInvariants(world);
  });

  it('narrowed by a tag keeps to what is due, then to priority, and brings what was skipped back to draft', async () => {
    const dataset = unique('tagged');
    const manualTags = ['topic:few'];
    const due = makeItem(dataset, { manualTags, dueAt: new Date(Date.now() + 3_600_000).toISOString() });
    const high = makeItem(dataset, { manualTags, priority: 9 });
    const low = makeItem(dataset, { manualTags, priority: -9 });
    await world.importItems([low, ...makeItems(dataset, 5, { priority: 99 }), high, due]);
    const [ann, ben] = [unique('ann'), unique('ben')];
    const claim = async (user: string): Promise<Row> =>
      ((await world.selfServe(user, 1, { datasets: [dataset], tags: manualTags })).body.assigned as [Row])[0];

    const first = await claim(ann);
    await world.put(ann, first, { status: 'skipped', reason: 'no' });
    const second = await claim(ann);
    const third = await claim(ben);
    const fourth = await claim(ben);

    expect([first, second, third, fourth].map(({ id }) => id)).toEqual([due.id, high.id, due.id, low.id]);
    await expectInvariants(world);
  });
});
