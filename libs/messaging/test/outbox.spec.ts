import { Retention } from '../src/retention.js';
import { messagingSettings } from '../src/messaging-options.js';
import { Counted } from './support/test-service.js';
import { World } from './support/world.js';

describe('the outbox', () => {
  let world: World;

  beforeEach(async () => {
    world = await World.open('rabbitmq');
  });

  afterEach(() => world.close());

  test.each([2, 64, 65, 2_000])('takes %i events in one statement, in their order', async (count) => {
    const alpha = await world.service({ relay: false });
    const messages = Array.from({ length: count }, (_, n) => ({
      key: `key ${String(n)}`,
      data: { key: 'many', n },
    }));
    const ids = await alpha.database.transaction((tx) => alpha.outbox.publishAll(tx, Counted, messages));
    expect((await alpha.rows()).map((row) => row.message_id)).toEqual(ids);
  });

  test('refuses data that break the schema, and data that are too large', async () => {
    const alpha = await world.service({ relay: false });
    await expect(alpha.count('a', 1.5)).rejects.toThrow(/test\.number\.counted\.v1/);
    await expect(alpha.count('x'.repeat(1_000_001), 1)).rejects.toThrow(/over the limit/);
    expect(await alpha.rows()).toEqual([]);
  });

  test('is purged of what was sent before the retention, and of nothing else', async () => {
    const alpha = await world.service({ consumers: { 'count-numbers': {} } });
    for (const n of [1, 2, 3]) await alpha.count('a', n);
    await world.effects(alpha, 3);
    await world.until('an empty backlog', async () => (await alpha.store.backlog()).depth === 0);
    await alpha.database.query(
      `UPDATE outbox SET published_at = now() - interval '15 days' WHERE data->>'n' = '1'`,
    );
    await alpha.database.query(
      `UPDATE outbox SET published_at = NULL, occurred_at = now() - interval '1 year', next_attempt_at = 'infinity' WHERE data->>'n' = '2'`,
    );
    await alpha.database.query(
      `UPDATE inbox SET consumed_at = now() - interval '15 days' WHERE ctid = (SELECT min(ctid) FROM inbox)`,
    );
    const settings = messagingSettings({ service: 'alpha', transport: world.transport });
    const retention = new Retention(alpha.database, alpha.store, alpha.deadLetters, settings);
    expect(await retention.purge()).toBe(2);
    expect(await alpha.rows()).toHaveLength(2);
  });

  // The planner's idea of how many rows are unsent is always some minutes old.
  test.each([
    ['has never seen the table', 0, 0],
    ['has only seen an empty backlog', 20_000, 0],
    ['has seen a small backlog', 20_000, 50],
    ['has seen nothing sent yet', 0, 5_000],
  ])(
    'is read in pages that grow with the batch and not with the backlog, when the planner %s',
    async (_, sent, unsent) => {
      const { database } = await world.service({ relay: false });
      const add = (rows: number, publishedAt: string): Promise<unknown> =>
        database.query(
          `INSERT INTO outbox (message_id, event, key, data, correlation_id, occurred_at, published_at)
         SELECT gen_random_uuid(), 'test.number.counted.v1', 'key ' || n, '{}', 'some', now(), ${publishedAt}
         FROM generate_series(1, $1::int) AS n`,
          [rows],
        );
      await database.query('ALTER TABLE outbox SET (autovacuum_enabled = off)');
      await add(sent, 'now()');
      await add(unsent, 'NULL');
      if (sent + unsent > 0) await database.query('ANALYZE outbox');
      await add(10_000, 'NULL');
      // A few keys wait for their back-off.
      await database.query(
        `UPDATE outbox SET next_attempt_at = now() + interval '1 minute' WHERE published_at IS NULL AND key IN ('key 1', 'key 9')`,
      );
      const [row] = await database.query<{ 'QUERY PLAN': [{ Plan: Record<string, number> }] }>(
        'EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT * FROM outbox_due(200)',
      );
      const plan = row!['QUERY PLAN'][0].Plan;
      expect(plan['Actual Rows']).toBe(200);
      expect(plan['Shared Hit Blocks']! + plan['Shared Read Blocks']!).toBeLessThan(2_000);
    },
  );

  test('is emptied by one relay at a time', async () => {
    const one = await world.service({ relay: false });
    const two = await world.service({ relay: false });
    const lease = await one.store.claim(60_000);
    expect(lease).toBeDefined();
    expect(await two.store.claim(60_000)).toBeUndefined();
    if (lease) await one.store.release(lease);
    expect(await two.store.claim(60_000)).toBeDefined();
  });
});
