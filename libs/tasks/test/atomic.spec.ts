import { eventually } from '@hornbook/testing';
import { countKind } from './support/count-kind.js';
import { effects, ended, gate, upTo, World } from './support/world.js';

describe('an atomic task', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
  });
  afterAll(() => world.close());

  const isAtomic = (): boolean => true;

  test('shows its progress while nothing of it can be seen yet, and then all of it', async () => {
    const inThird = gate();
    const goOn = gate();
    const kind = countKind({
      name: 'all',
      isAtomic,
      before: async ({ checkpoint }) => {
        if (checkpoint?.next !== 20) return;
        inThird.open();
        await goOn.opened;
      },
    });
    const { tasks, database } = await world.replica({ kinds: [kind] });
    const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 40 } });
    await inThird.opened;
    expect(await tasks.get('ann', task.id)).toMatchObject({ status: 'STARTED', current: 20, total: 40 });
    expect(await effects(database, task.id)).toEqual([]);
    goOn.open();
    expect(await ended(tasks, task.id)).toMatchObject({
      status: 'SUCCESS',
      counters: { written: 40, chunks: 4 },
    });
    expect(await effects(database, task.id)).toEqual(upTo(40));
  });

  test('that is aborted leaves nothing but its row errors and the counters of them', async () => {
    const base = countKind({ name: 'aborted', isAtomic, keptCounters: ['failed'] });
    const kind = {
      ...base,
      chunk: async (context: Parameters<typeof base.chunk>[0]) => {
        const outcome = await base.chunk(context);
        const from = context.checkpoint?.next ?? 0;
        return {
          ...outcome,
          counters: { ...outcome.counters, failed: 1 },
          errors: [{ index: from, code: 'bad', message: `row ${from}` }],
          ...(from === 20 ? { abort: { code: 'row_failed', message: 'a row is wrong' } } : {}),
        };
      },
    };
    const { tasks, database } = await world.replica({ kinds: [kind] });
    const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 40 } });
    expect(await ended(tasks, task.id)).toMatchObject({
      status: 'FAILURE',
      error: { code: 'row_failed' },
      counters: { written: 0, chunks: 0, failed: 3 },
      result: { written: 0 },
      checkpoint: null,
    });
    expect(await effects(database, task.id)).toEqual([]);
    expect((await tasks.errors('ann', task.id, { limit: 9 })).map(({ index }) => index)).toEqual([0, 10, 20]);
  });

  test('whose chunk fails begins again as a whole, as often as its tries allow', async () => {
    const tries: number[] = [];
    const kind = countKind({
      name: 'tried',
      isAtomic,
      after: ({ checkpoint }) => {
        const at = checkpoint?.next ?? 0;
        tries.push(at);
        if (at === 20) throw new Error('never works');
      },
    });
    const { tasks, database } = await world.replica({ kinds: [kind] });
    const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 40 } });
    expect(await ended(tasks, task.id)).toMatchObject({ status: 'FAILURE', error: { code: 'chunk_failed' } });
    expect(tries).toEqual([0, 10, 20, 0, 10, 20, 0, 10, 20, 0, 10, 20]);
    expect(await effects(database, task.id)).toEqual([]);
  });

  test('that is cancelled leaves nothing; resumed, it begins at the beginning', async () => {
    const inThird = gate();
    const goOn = gate();
    const kind = countKind({
      name: 'cancelled',
      isAtomic,
      before: async ({ checkpoint }) => {
        if (checkpoint?.next !== 20) return;
        inThird.open();
        await goOn.opened;
      },
    });
    const { tasks, database } = await world.replica({ kinds: [kind] });
    const other = await world.replica({ kinds: [kind], works: false });
    const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 40 } });
    await inThird.opened;
    await other.tasks.cancel('ann', task.id);
    expect(await ended(tasks, task.id, 2_500)).toMatchObject({ status: 'REVOKED', counters: { written: 0 } });
    expect(await effects(database, task.id)).toEqual([]);
    goOn.open();
    await tasks.resume('ann', task.id);
    expect(await ended(tasks, task.id)).toMatchObject({ status: 'SUCCESS', counters: { written: 40 } });
    expect(await effects(database, task.id)).toEqual(upTo(40));
  });

  test("lets other owners' tasks have their turn between its chunks", async () => {
    const order: string[] = [];
    const second = gate();
    const goOn = gate();
    const before = async ({ task }: { task: { owner: string } }): Promise<void> => {
      order.push(task.owner);
      if (order.length !== 2) return;
      second.open();
      await goOn.opened;
    };
    const atomic = countKind({ name: 'long', isAtomic, before });
    const plain = countKind({ name: 'short', before });
    const own = await World.open();
    try {
      const { tasks } = await own.replica({ kinds: [atomic, plain], worker: { slots: 1 } });
      const long = await tasks.create({ kind: atomic, owner: 'long', params: { count: 100 } });
      await second.opened;
      const short = await tasks.create({ kind: plain, owner: 'short', params: { count: 10 } });
      await eventually(async () => (await tasks.get(null, short.task.id)).status === 'STARTED');
      goOn.open();
      await ended(tasks, short.task.id);
      await ended(tasks, long.task.id);
      expect(order.indexOf('short')).toBe(2);
    } finally {
      await own.close();
    }
  });
});

describe('a kind that starts over', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
  });
  afterAll(() => world.close());

  test('begins each run with nothing of the one before, and does not try for ever', async () => {
    const begins: unknown[] = [];
    const kind = {
      ...countKind({
        name: 'export',
        startsOver: true,
        after: ({ checkpoint }) => {
          if (checkpoint?.next === 20) throw new Error('the disk is full');
        },
      }),
      prepare: async ({
        task,
        checkpoint,
      }: {
        task: { current: number; counters: object };
        checkpoint: unknown;
      }) => {
        begins.push([task.current, task.counters, checkpoint]);
        return undefined;
      },
    };
    const { tasks } = await world.replica({ kinds: [kind] });
    const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 50 } });
    expect(await ended(tasks, task.id)).toMatchObject({
      status: 'FAILURE',
      current: 20,
      counters: { written: 20 },
    });
    expect(begins).toEqual([0, 0, 0, 0].map(() => [0, {}, null]));
  });
});
