import { runProcess, startTcpProxy } from '@hornbook/testing';
import { fileURLToPath } from 'node:url';
import { countKind } from './support/count-kind.js';
import type { KilledWorkerOptions } from './support/killed-worker.js';
import { effects, ended, upTo, World } from './support/world.js';

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

describe('a worker that dies', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
  });
  afterAll(() => world.close());

  const points = ['between chunks', 'in a chunk', 'in the finishing transaction'] as const;
  const cases = points.flatMap((at) => [false, true].map((isAtomic) => ({ at, isAtomic })));

  test.each(cases)(
    'by kill -9 $at (atomic: $isAtomic) is followed by another one, and every chunk happens once',
    async ({ at, isAtomic }) => {
      const kind = countKind({ name: 'killed', isAtomic: () => isAtomic });
      const { tasks, database, worker } = await world.replica({ kinds: [kind], works: false });
      const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 50 } });
      const options: KilledWorkerOptions = { url: world.url, at, isAtomic };
      const child = await runProcess({
        args: [
          '--import',
          path('../../../tools/test/typescript.mjs'),
          path('./support/killed-worker.ts'),
          JSON.stringify(options),
        ],
        env: { NODE_OPTIONS: '' },
        ready: { log: /started/ },
      });
      expect((await child.exited).signal).toBe('SIGKILL');
      const before = await tasks.get('ann', task.id);
      expect(before).toMatchObject({ status: 'STARTED', result: null });
      const written = isAtomic ? 0 : at === 'in the finishing transaction' ? 40 : 20;
      expect(await effects(database, task.id)).toEqual(upTo(written));
      worker.start();
      expect(await ended(tasks, task.id)).toMatchObject({
        status: 'SUCCESS',
        counters: { written: 50, chunks: 5 },
        current: 50,
      });
      expect(await effects(database, task.id)).toEqual(upTo(50));
      const endings = await database.query('SELECT status FROM endings WHERE task = $1', [task.id]);
      expect(endings).toEqual([{ status: 'SUCCESS' }]);
      await worker.stop();
    },
    30_000,
  );

  test('again and again at the same place is not let try for ever', async () => {
    const kind = countKind({ name: 'poison', before: () => Promise.reject(new Error('never reached')) });
    const { tasks, database, worker } = await world.replica({ kinds: [kind], works: false });
    const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 50 } });
    // As four workers leave it that took the task one after the other.
    await database.query(
      `UPDATE tasks SET status = 'STARTED', attempts = 3, lease_owner = gen_random_uuid(), lease_epoch = 4,
         due_at = now() - interval '1 s', started_at = now() WHERE id = $1`,
      [task.id],
    );
    worker.start();
    expect(await ended(tasks, task.id)).toMatchObject({ status: 'FAILURE', error: { code: 'worker_lost' } });
  });

  test('that only loses its connections goes on, without counting that as a try', async () => {
    const proxy = await startTcpProxy(Number(new URL(world.url).port));
    const url = new URL(world.url);
    url.hostname = '127.0.0.1';
    url.port = String(proxy.port);
    const cuts = new Set([10, 30]);
    const kind = countKind({
      name: 'cut-off',
      maxRetries: 0,
      after: ({ checkpoint }) => {
        if (cuts.delete(checkpoint?.next ?? 0)) proxy.reset();
      },
    });
    const away = await world.replica({ kinds: [kind], url: url.toString() });
    const { tasks, database } = await world.replica({ kinds: [kind], works: false });
    try {
      const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 50 } });
      expect(await ended(tasks, task.id)).toMatchObject({ status: 'SUCCESS', current: 50, attempts: 0 });
      expect(await effects(database, task.id)).toEqual(upTo(50));
      expect(cuts.size).toBe(0);
    } finally {
      await away.worker.stop();
      await away.database.close();
      await proxy.close();
    }
  });
});
