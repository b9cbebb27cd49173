import { eventually } from '@hornbook/testing';
import { countKind } from './support/count-kind.js';
import { effects, ended, gate, upTo, World } from './support/world.js';

describe('cancelling a task', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
  });
  afterAll(() => world.close());

  test('on another replica than the one that works on it stops it at a chunk edge; resumed, it goes on there', async () => {
    const kind = countKind({ name: 'endless' });
    const working = await world.replica({ kinds: [kind] });
    const other = await world.replica({ kinds: [kind], works: false });
    const { task } = await working.tasks.create({ kind, owner: 'ann', params: { count: 20_000, chunk: 1 } });
    await eventually(async () => (await other.tasks.get('ann', task.id)).current > 5);
    expect(await other.tasks.cancel('ann', task.id)).toMatchObject({ cancelRequestedAt: expect.any(Date) });
    const revoked = await ended(other.tasks, task.id, 2_000);
    expect(revoked).toMatchObject({ status: 'REVOKED', result: { written: revoked.current } });
    expect(await effects(other.database, task.id)).toEqual(upTo(revoked.current));
    expect(await other.tasks.cancel('ann', task.id)).toEqual(revoked);
    // Enough is enough: the rest in a few chunks.
    const count = revoked.current + 30;
    await other.database.query(`UPDATE tasks SET params = $2 WHERE id = $1`, [task.id, { count, chunk: 10 }]);
    expect(await other.tasks.resume('ann', task.id)).toMatchObject({
      status: 'PENDING',
      cancelRequestedAt: null,
    });
    expect(await ended(other.tasks, task.id)).toMatchObject({ status: 'SUCCESS', current: count });
    expect(await effects(other.database, task.id)).toEqual(upTo(count));
  });

  test('interrupts a chunk that heeds its signal', async () => {
    const inChunk = gate();
    const kind = countKind({
      name: 'heeding',
      after: async ({ signal }) => {
        inChunk.open();
        await new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason as Error)),
        );
      },
    });
    const { tasks, database } = await world.replica({ kinds: [kind] });
    const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 10 } });
    await inChunk.opened;
    await tasks.cancel('ann', task.id);
    expect(await ended(tasks, task.id, 2_000)).toMatchObject({ status: 'REVOKED', current: 0, attempts: 0 });
    expect(await effects(database, task.id)).toEqual([]);
  });

  test('does not wait for a chunk that hangs, which then commits nothing', async () => {
    const inChunk = gate();
    const hang = gate();
    const kind = countKind({
      name: 'hung',
      after: async () => {
        inChunk.open();
        await hang.opened;
      },
    });
    const { tasks, database, worker } = await world.replica({ kinds: [kind] });
    const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 10 } });
    await inChunk.opened;
    await tasks.cancel('ann', task.id);
    expect(await ended(tasks, task.id, 2_000)).toMatchObject({ status: 'REVOKED', current: 0 });
    hang.open();
    await worker.stop();
    expect(await effects(database, task.id)).toEqual([]);
    expect(await tasks.get('ann', task.id)).toMatchObject({ status: 'REVOKED', current: 0 });
  });

  test('revokes a waiting task at once, and a worker never sees it', async () => {
    const kind = countKind({ name: 'waiting' });
    const { tasks, database, worker } = await world.replica({ kinds: [kind], works: false });
    const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 10 } });
    const revoked = await tasks.cancel('ann', task.id);
    expect(revoked).toMatchObject({ status: 'REVOKED', result: { written: 0 }, expiresAt: expect.any(Date) });
    expect(await database.query('SELECT status FROM endings WHERE task = $1', [task.id])).toEqual([
      { status: 'REVOKED' },
    ]);
    const { task: other } = await tasks.create({ kind, owner: 'ann', params: { count: 1 } });
    worker.start();
    await ended(tasks, other.id);
    expect(await tasks.get('ann', task.id)).toEqual(revoked);
  });
});
