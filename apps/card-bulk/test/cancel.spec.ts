import { createTestDatabase, eventually, expectNoLeaks, type TestDatabase } from '@hornbook/testing';
import { cardBulk } from '../src/index.js';
import { cards } from './support/cards.js';
import { holdImportsOf } from './support/hold.js';
import { startWorld, type World } from './support/world.js';

describe('an operation on two replicas', () => {
  let database: TestDatabase;
  let worker: World;
  let front: World;
  beforeAll(async () => {
    database = await createTestDatabase({ services: [cardBulk.name] });
    const shared = { database, namespace: `cancel-${process.pid}` };
    worker = await startWorld(shared);
    // Takes requests and leaves the work to the other one.
    front = await startWorld({ ...shared, env: { BULK_WORKERS: '0' } });
  });
  afterEach(() => worker.expectExactLedger());
  afterAll(async () => {
    await front.stop();
    await worker.stop();
    await expectNoLeaks({ databases: [database] });
    await database.drop();
  });

  /** An import of 10,000 cards that the worker has begun and cannot go on with. */
  async function held(as: string, options: Record<string, unknown> = {}) {
    const letGo = await holdImportsOf(worker, as);
    const request = { cards: cards(10_000), ...options };
    const id = String((await front.post('/bulk/import', request, { as })).body['task_id']);
    await eventually(
      async () => (await front.call(`/bulk/status/${id}`, { as })).body['status'] === 'STARTED',
    );
    return { id, letGo };
  }
  const count = async (owner: string): Promise<number | undefined> =>
    (await worker.sql<{ n: number }>('SELECT count(*)::integer AS n FROM cards WHERE owner = $1', [owner]))[0]
      ?.n;

  it('is stopped at the next chunk when another replica cancels it; what it has done stays done', async () => {
    const as = 'cancels';
    const { id, letGo } = await held(as);

    const cancelled = await front.call(`/bulk/tasks/${id}`, { method: 'DELETE', as });
    await letGo();
    const { body } = await front.finished(id, { as });

    expect(cancelled.status).toBe(202);
    expect(cancelled.body).toMatchObject({ status: 'STARTED', cancel_requested: true });
    expect(body).toMatchObject({ status: 'REVOKED', progress: { total: 10_000, eta_seconds: null } });
    expect(body['progress'].current).toBeLessThanOrEqual(1_000);
    expect(await count(as)).toBe(body['result'].cards_imported);
  });

  it('goes on where it stood when it is resumed, and does nothing twice', async () => {
    const as = 'resumes';
    const { id, letGo } = await held(as);
    await front.call(`/bulk/tasks/${id}`, { method: 'DELETE', as });
    await letGo();
    await front.finished(id, { as });

    const resumed = await front.post(`/bulk/tasks/${id}/resume`, undefined, { as });
    const { body } = await front.finished(id, { as });

    expect(resumed.status).toBe(202);
    expect(body).toMatchObject({
      status: 'SUCCESS',
      result: { cards_imported: 10_000, cards_published: 10_000, extropy_earned: '10000.00000000' },
    });
    expect(await count(as)).toBe(10_000);
  });

  it('leaves nothing when it is atomic and cancelled', async () => {
    const as = 'atomic';
    const { id, letGo } = await held(as, { on_error: 'atomic' });

    await front.call(`/bulk/tasks/${id}`, { method: 'DELETE', as });
    await letGo();
    const { body } = await front.finished(id, { as });

    expect(body).toMatchObject({ status: 'REVOKED', result: { cards_imported: 0 } });
    expect(await count(as)).toBe(0);
  });

  it('is cancelled at once while it waits, as often as one likes, and not after its end', async () => {
    const as = 'waits';
    const run_at = new Date(Date.now() + 3_600_000).toISOString();
    const { body } = await front.post('/bulk/import', { cards: cards(1), run_at }, { as });
    const path = `/bulk/tasks/${body['task_id']}`;
    const done = await front.import(cards(1), {}, { as });

    const first = await worker.call(path, { method: 'DELETE', as });
    const again = await front.call(path, { method: 'DELETE', as });
    const late = await front.call(`/bulk/tasks/${done.body['task_id']}`, { method: 'DELETE', as });

    expect(first.body['status']).toBe('REVOKED');
    expect([again.status, again.body]).toEqual([202, first.body]);
    expect([late.status, late.body['code']]).toEqual([409, 'conflict']);
    expect((await front.post(`/bulk/tasks/${done.body['task_id']}/resume`, undefined, { as })).status).toBe(
      409,
    );
  });

  it('is followed from the replica that does not work on it', async () => {
    const as = 'follows';
    const { id, letGo } = await held(as);
    const etag = (await front.call(`/bulk/status/${id}`, { as })).headers.get('etag') as string;
    const asked = front.call(`/bulk/status/${id}?wait=60`, { as, headers: { 'if-none-match': etag } });

    await letGo();

    expect((await asked).body['progress'].current).toBeGreaterThan(0);
    await front.finished(id, { as });
  });
});
