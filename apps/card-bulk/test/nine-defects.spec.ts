import { BulkTaskFinished, type EventData } from '@hornbook/contracts';
import { createTestDatabase, eventually, expectNoLeaks } from '@hornbook/testing';
import { cardBulk } from '../src/index.js';
import { card, cards } from './support/cards.js';
import { listenToEvents } from './support/events.js';
import { startWorld, type World } from './support/world.js';

/** What the service that seed 002 describes did wrong, one by one; none of it may come back. */
describe('the nine defects of the original', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterEach(() => world.expectExactLedger());
  afterAll(() => world.stop());

  const stored = async (owner: string): Promise<number | undefined> =>
    (await world.sql<{ n: number }>('SELECT count(*)::integer AS n FROM cards WHERE owner = $1', [owner]))[0]
      ?.n;
  const balance = async (as: string): Promise<unknown> =>
    (await world.call('/extropy/balance', { as })).body['balance'];

  it("1: a status is nobody's but the owner's", async () => {
    const { body } = await world.import(cards(1), {}, { as: 'owner-1' });
    const path = `/bulk/status/${body['task_id']}`;

    expect((await world.call(path, { as: null })).status).toBe(401);
    expect((await world.call(path, { as: 'stranger-1' })).status).toBe(404);
    expect((await world.call(path, { as: 'owner-1' })).status).toBe(200);
  });

  it('2: one bad card costs one card, and the counts are those of the database', async () => {
    const as = 'owner-2';
    const sent: unknown[] = cards(250);
    sent[130] = card({ body: '' });

    const { body } = await world.import(sent, {}, { as });

    expect(body['result']).toMatchObject({ cards_imported: 249, cards_failed: 1, cards_published: 249 });
    expect(await stored(as)).toBe(249);
    expect(await balance(as)).toBe('249.00000000');
  });

  it('3: an import that is begun again makes no card twice and awards nothing twice', async () => {
    const as = 'owner-3';
    await world.sql(`CREATE FUNCTION break_owner_3() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'broken' USING ERRCODE = '58000'; END $$`);
    // The third chunk breaks after its cards are written, until the trigger is gone.
    await world.sql(`CREATE TRIGGER break_owner_3 AFTER INSERT ON cards FOR EACH ROW WHEN (new.title = 'breaks')
      EXECUTE FUNCTION break_owner_3()`);
    const sent = cards(3_000);
    sent[2_500] = card({ title: 'breaks' });
    const accepted = await world.post('/bulk/import', { cards: sent }, { as });
    const id = String(accepted.body['task_id']);
    await eventually(async () => (await world.call(`/bulk/status/${id}`, { as })).body['status'] === 'RETRY');
    expect(await stored(as)).toBe(2_000);
    await world.sql('DROP TRIGGER break_owner_3 ON cards');

    const { body } = await world.finished(id, { as });

    expect(body['result']).toMatchObject({ cards_imported: 3_000, extropy_earned: '3000.00000000' });
    expect(await stored(as)).toBe(3_000);
    expect(await balance(as)).toBe('3000.00000000');
  });

  it('4: cards and their awards are committed a chunk at a time, not card by card', async () => {
    const as = 'owner-4';
    await world.import(cards(3_000), {}, { as });

    const [row] = await world.sql<{ commits: number; awards: number }>(
      `SELECT (SELECT count(DISTINCT xmin::text)::integer FROM cards WHERE owner = $1) AS commits,
         (SELECT count(DISTINCT xmin::text)::integer FROM extropy_ledger WHERE to_user = $1) AS awards`,
      [as],
    );

    // Each chunk's rows are written in one subtransaction, its ledger in the transaction itself.
    expect(row).toEqual({ commits: 3, awards: 3 });
  });

  it('5: an unknown id is no waiting task, the end is the time of the end, and progress never vanishes', async () => {
    const as = 'owner-5';
    const unknown = await world.call('/bulk/status/019cb3a1-7c1e-7000-8000-5d1f6b9a0c11', { as });
    const run_at = new Date(Date.now() + 3_600_000).toISOString();
    const waiting = await world.post('/bulk/import', { cards: cards(4), run_at }, { as });
    const path = `/bulk/status/${waiting.body['task_id']}`;
    const before = await world.call(path, { as });
    await world.call(`/bulk/tasks/${waiting.body['task_id']}`, { method: 'DELETE', as });
    const first = await world.call(path, { as });
    const second = await world.call(path, { as });

    expect(unknown.status).toBe(404);
    expect(before.body).toMatchObject({ status: 'PENDING', progress: { current: 0, total: 4, percent: 0 } });
    expect(first.body).toMatchObject({ status: 'REVOKED', progress: { current: 0, total: 4, percent: 0 } });
    expect(second.body['completed_at']).toBe(first.body['completed_at']);
  });

  it('6: a soft delete is kept, left out of exports, and not counted again', async () => {
    const as = 'owner-6';
    await world.import([card({ title: 'Kept' }), card({ title: 'Deleted' })], {}, { as });
    const { body: page } = await world.call('/cards', { as });
    const { id } = (page['items'] as { id: string; title: string }[]).find(
      ({ title }) => title === 'Deleted',
    )!;
    const remove = async (): Promise<Record<string, unknown>> => {
      const { body } = await world.post('/bulk/delete', { card_ids: [id] }, { as });
      return (await world.finished(body['task_id'], { as })).body['result'] as Record<string, unknown>;
    };

    const first = await remove();
    const again = await remove();
    const { body: exported } = await world.post('/bulk/export', { format: 'json' }, { as });
    const { body } = await world.finished(exported['task_id'], { as });

    expect(first).toMatchObject({ cards_deleted: 1, cards_failed: 0 });
    expect(again).toMatchObject({ cards_deleted: 0, cards_failed: 0, already_deleted: 1 });
    expect(body['result']).toMatchObject({ cards_exported: 1 });
    expect(await stored(as)).toBe(2);
    const { body: deleted } = await world.call('/cards?deleted=true', { as });
    expect(deleted['items']).toMatchObject([{ id, deleted_at: expect.any(String) }]);
  });

  it('7: pauses between tries grow exponentially, and after three retries the operation has failed', async () => {
    const as = 'owner-7';
    await world.sql(`CREATE FUNCTION break_owner_7() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'broken' USING ERRCODE = '58000'; END $$`);
    await world.sql(`CREATE TRIGGER break_owner_7 BEFORE INSERT ON cards FOR EACH ROW WHEN (new.owner = 'owner-7')
      EXECUTE FUNCTION break_owner_7()`);
    const accepted = await world.post('/bulk/import', { cards: cards(1) }, { as });
    const id = String(accepted.body['task_id']);
    const pauses: number[] = [];
    for (let attempt = 1; attempt <= 3; attempt++) {
      const pause = await eventually(
        async () => {
          const [row] = await world.sql<{ pause: number }>(
            `SELECT extract(epoch FROM due_at - updated_at)::float AS pause FROM tasks
             WHERE id = $1 AND status = 'RETRY' AND attempts = $2`,
            [id, attempt],
          );
          return row?.pause ?? false;
        },
        { timeoutMs: 30_000, description: `attempt ${attempt} to fail` },
      );
      pauses.push(pause);
      // What it would wait for is not worth waiting for here.
      await world.sql('UPDATE tasks SET due_at = clock_timestamp() WHERE id = $1 AND attempts = $2', [
        id,
        attempt,
      ]);
    }

    const { body } = await world.finished(id, { as });
    await world.sql('DROP TRIGGER break_owner_7 ON cards');

    // 1 s, 2 s, 4 s, less a jitter of up to a half of each.
    const [first, second, third] = pauses as [number, number, number];
    expect([first <= 1.1, second > 0.9 && second <= 2.1, third > 1.9 && third <= 4.1]).toEqual([
      true,
      true,
      true,
    ]);
    expect(body).toMatchObject({
      status: 'FAILURE',
      error_code: 'chunk_failed',
      result: { cards_imported: 0 },
    });
    const resumed = await world.post(`/bulk/tasks/${id}/resume`, undefined, { as });
    expect(resumed.status).toBe(202);
    expect((await world.finished(id, { as })).body['result']).toMatchObject({ cards_imported: 1 });
  });

  it('8: without a worker the service is degraded, and with one it is healthy', async () => {
    const database = await createTestDatabase({ services: [cardBulk.name] });
    const idle = await startWorld({ database, env: { BULK_WORKERS: '0' } });
    const seed = { service: 'bulk-operations', version: '1.0.0' };

    const { status, body } = await idle.call('/bulk/health');
    expect([status, body]).toEqual([
      200,
      expect.objectContaining({ ...seed, status: 'degraded', celery_workers: 'no_workers', worker_count: 0 }),
    ]);

    const busy = await startWorld({ database, namespace: idle.namespace });
    await eventually(async () => (await idle.call('/bulk/health')).body['worker_count'] === 1);
    const { body: better } = await idle.call('/bulk/health');
    expect(better).toMatchObject({ ...seed, status: 'healthy', celery_workers: 'healthy' });
    // As the broker knows it: one that died a moment ago has still been seen lately, and is none.
    await idle.sql(
      `INSERT INTO task_workers (id, slots, seen_at) VALUES (gen_random_uuid(), 2, now() + interval '1 h')`,
    );
    // Not at once: while the broker is slow to answer, heartbeats count.
    await eventually(async () => (await idle.call('/bulk/health')).body['worker_count'] === 1);
    await busy.stop();
    await eventually(async () => (await idle.call('/bulk/health')).body['status'] === 'degraded');
    await idle.stop();
    await expectNoLeaks({ databases: [database] });
    await database.drop();
  });

  it('9: a card goes through the database and the broker as it was sent, metadata and all', async () => {
    const as = 'owner-9';
    const listener = await listenToEvents(world.namespace);
    const metadata = { metadata: { nested: [1, 'two', null, { '': true }] }, ünïcode: '🙂' };

    const { body } = await world.import([card({ title: 'Whole', metadata })], {}, { as });

    const { body: page } = await world.call('/cards', { as });
    expect(page['items']).toMatchObject([{ title: 'Whole', metadata }]);
    const told = await eventually(
      () =>
        listener
          .of<EventData<typeof BulkTaskFinished>>(BulkTaskFinished)
          .find(({ task_id }) => task_id === body['task_id']) ?? false,
    );
    expect(told).toMatchObject({ owner: as, status: 'SUCCESS' });
    await listener.close();
  });
});
