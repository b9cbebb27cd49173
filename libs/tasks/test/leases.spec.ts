import { eventually } from '@hornbook/testing';
import { countKind } from './support/count-kind.js';
import { effects, ended, gate, upTo, World } from './support/world.js';

describe('the lease of a task', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
  });
  afterAll(() => world.close());

  const expire = (id: string): string =>
    `UPDATE tasks SET due_at = now() - interval '1 s' WHERE id = '${id}'`;

  test.each([
    ['a chunk in the middle', 30],
    ['the last chunk', 10],
  ])('keeps a worker that slept through it from committing %s', async (_, count) => {
    const asleep = gate();
    let slept = false;
    const sleeping = countKind({
      name: `slept-${String(count)}`,
      after: async () => {
        if (slept) return;
        slept = true;
        await asleep.opened;
      },
    });
    const kind = countKind({ name: sleeping.name });
    // It takes the task because it is nudged, and never learns that it has lost it.
    const sleeper = await world.replica({ kinds: [sleeping], worker: { pollMs: 60_000 } });
    const { task } = await sleeper.tasks.create({ kind, owner: 'ann', params: { count } });
    await eventually(() => slept);
    const other = await world.replica({ kinds: [kind] });
    await other.database.query(expire(task.id));
    const done = await ended(other.tasks, task.id);
    expect(done).toMatchObject({ status: 'SUCCESS', current: count });
    asleep.open();
    await sleeper.worker.stop();
    expect(await effects(other.database, task.id)).toEqual(upTo(count));
    expect(await other.tasks.get('ann', task.id)).toEqual(done);
    expect(await other.database.query('SELECT * FROM endings WHERE task = $1', [task.id])).toHaveLength(1);
  });

  test('is renewed while a chunk takes longer than it', async () => {
    const long = gate();
    let begun = 0;
    const kind = countKind({
      name: 'long',
      before: async () => {
        begun++;
        await long.opened;
      },
    });
    const worker = { leaseMs: 300, pollMs: 50 };
    const one = await world.replica({ kinds: [kind], worker });
    await world.replica({ kinds: [kind], worker });
    const { task } = await one.tasks.create({ kind, owner: 'ann', params: { count: 10 } });
    const [first] = await eventually(async () => {
      const rows = await one.database.query<{ due_at: Date }>(
        'SELECT due_at FROM tasks WHERE id = $1 AND lease_owner IS NOT NULL',
        [task.id],
      );
      return rows.length > 0 && rows;
    });
    // Three leases later.
    await eventually(async () => {
      const [row] = await one.database.query<{ due_at: Date }>('SELECT due_at FROM tasks WHERE id = $1', [
        task.id,
      ]);
      return row!.due_at.getTime() - first!.due_at.getTime() > 900;
    });
    expect(begun).toBe(1);
    long.open();
    expect(await ended(one.tasks, task.id)).toMatchObject({ status: 'SUCCESS', attempts: 0 });
  });

  test('lets two workers share many tasks, each chunk once', async () => {
    const kind = countKind({ name: 'shared' });
    const replicas = [await world.replica({ kinds: [kind] }), await world.replica({ kinds: [kind] })];
    const [one] = replicas;
    const created = await Promise.all(
      upTo(30).map((n) => one!.tasks.create({ kind, owner: `owner ${n % 4}`, params: { count: 40 } })),
    );
    for (const { task } of created) {
      expect(await ended(one!.tasks, task.id)).toMatchObject({ status: 'SUCCESS', counters: { chunks: 4 } });
      expect(await effects(one!.database, task.id)).toEqual(upTo(40));
    }
  }, 60_000);

  test('may be taken away at any moment, and still every chunk happens once', async () => {
    // Nothing is done before one was indeed taken away.
    const taken = gate();
    const kind = countKind({
      name: 'stolen',
      maxRetries: 1_000,
      before: async () => {
        await taken.opened;
      },
    });
    const replicas = [await world.replica({ kinds: [kind] }), await world.replica({ kinds: [kind] })];
    const [one] = replicas;
    const created = await Promise.all(
      upTo(6).map((n) => one!.tasks.create({ kind, owner: `owner ${n}`, params: { count: 300 } })),
    );
    const isOver = async (): Promise<boolean> => {
      await one!.database.query(
        `UPDATE tasks SET due_at = now() - interval '1 s'
         WHERE kind = 'stolen' AND finished_at IS NULL AND lease_owner IS NOT NULL AND random() < 0.5`,
      );
      const [row] = await one!.database.query<{ left: string; epoch: string }>(
        `SELECT count(*) FILTER (WHERE finished_at IS NULL) AS left, max(lease_epoch) AS epoch
         FROM tasks WHERE kind = 'stolen'`,
      );
      if (Number(row!.epoch) > 1) taken.open();
      return row!.left === '0';
    };
    await eventually(isOver, { timeoutMs: 40_000 });
    for (const { task } of created) {
      const done = await one!.tasks.get(null, task.id);
      expect(done).toMatchObject({ status: 'SUCCESS', current: 300, counters: { chunks: 30 } });
      expect(await effects(one!.database, task.id)).toEqual(upTo(300));
    }
  }, 60_000);

  test('is given back by a worker that stops, after the chunk in hand', async () => {
    const inChunk = gate();
    const goOn = gate();
    const stopping = countKind({
      name: 'stopping',
      before: async () => {
        inChunk.open();
        await goOn.opened;
      },
    });
    const one = await world.replica({ kinds: [stopping] });
    const { task } = await one.tasks.create({ kind: stopping, owner: 'ann', params: { count: 30 } });
    await inChunk.opened;
    const stopped = one.worker.stop();
    goOn.open();
    await stopped;
    expect(await one.tasks.get('ann', task.id)).toMatchObject({
      status: 'STARTED',
      current: 10,
      attempts: 0,
    });
    const other = await world.replica({ kinds: [countKind({ name: 'stopping' })], works: false });
    expect(await other.tasks.backlog()).toEqual({ pending: 1, running: 0 });
    other.worker.start();
    expect(await ended(other.tasks, task.id)).toMatchObject({ status: 'SUCCESS', attempts: 0 });
    expect(await effects(other.database, task.id)).toEqual(upTo(30));
  });

  test('is given back by a worker that stops, though the chunk in hand hangs', async () => {
    const inChunk = gate();
    const never = gate();
    const hanging = countKind({
      name: 'hanging',
      after: async () => {
        inChunk.open();
        await never.opened;
      },
    });
    const one = await world.replica({ kinds: [hanging], worker: { graceMs: 50 } });
    const { task } = await one.tasks.create({ kind: hanging, owner: 'ann', params: { count: 10 } });
    await inChunk.opened;
    await one.worker.stop();
    const other = await world.replica({ kinds: [countKind({ name: 'hanging' })] });
    expect(await ended(other.tasks, task.id)).toMatchObject({ status: 'SUCCESS', attempts: 0 });
    never.open();
    expect(await effects(other.database, task.id)).toEqual(upTo(10));
  });

  test('tells how many workers there are', async () => {
    const own = await World.open();
    try {
      const replicas = [await own.replica(), await own.replica()];
      await eventually(async () => (await replicas[0]!.tasks.workers()) === 2);
      await replicas[1]!.worker.stop();
      expect(await replicas[0]!.tasks.workers()).toBe(1);
    } finally {
      await own.close();
    }
  });
});
