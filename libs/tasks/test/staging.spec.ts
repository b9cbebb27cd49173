import { eventually } from '@hornbook/testing';
import { defineTaskKind, type TaskFailure, type TaskKind } from '../src/index.js';
import { countParams, writeNumbers } from './support/count-kind.js';
import { effects, ended, gate, upTo, World } from './support/world.js';

interface Hooks {
  readonly staged?: (n: number, owner: string) => unknown;
  /** What a chunk does before it reports. @returns whether the task is to be given up there */
  readonly chunk?: (n: number, owner: string) => Promise<TaskFailure | undefined> | TaskFailure | undefined;
}

/** A kind that writes its numbers when it stages, one to a chunk. */
function stagingKind(
  name: string,
  { staged, chunk }: Hooks = {},
): TaskKind<{ count: number }, { next: number }, { next: number }, number, number> {
  return defineTaskKind<{ count: number }, { next: number }, { next: number }, number, number>({
    name,
    params: countParams,
    prepare: ({ checkpoint }) => Promise.resolve({ next: checkpoint?.next ?? 0 }),
    read: ({ run, task }) => Promise.resolve(run.next < task.params.count ? run.next++ : undefined),
    async stage({ tx, task, batch }) {
      await writeNumbers(tx, task.id, batch, batch + 1);
      await staged?.(batch, task.owner);
      return batch;
    },
    async chunk({ batch, staged: was, checkpoint, task }) {
      // Whatever was staged meanwhile, this is the one after the last that committed.
      expect({ batch, was }).toEqual({ batch: checkpoint?.next ?? 0, was: batch });
      const abort = (await chunk?.(batch, task.owner)) ?? undefined;
      return { checkpoint: { next: batch + 1 }, processed: 1, ...(abort ? { abort } : {}) };
    },
  });
}

describe('chunks of a kind that stages', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
  });
  afterAll(() => world.close());

  test('are staged side by side and commit one after the other', async () => {
    const second = gate();
    const order: number[] = [];
    const kind = stagingKind('side by side', {
      staged: (n) => (n === 1 ? second.open() : undefined),
      chunk: async (n) => {
        if (n === 0) await second.opened;
        order.push(n);
      },
    });
    const { tasks, database } = await world.replica({ kinds: [kind], worker: { slots: 2 } });
    const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 20 } });
    expect(await ended(tasks, task.id)).toMatchObject({ status: 'SUCCESS', current: 20 });
    expect(order).toEqual(upTo(20));
    expect(await effects(database, task.id)).toEqual(upTo(20));
  });

  test('are one at a time where there is one slot', async () => {
    const events: string[] = [];
    const kind = stagingKind('alone', {
      staged: (n) => void events.push(`staged ${String(n)}`),
      chunk: (n) => void events.push(`chunk ${String(n)}`),
    });
    const { tasks } = await world.replica({ kinds: [kind], worker: { slots: 1 } });
    const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 3 } });
    await ended(tasks, task.id);
    expect(events).toEqual(upTo(3).flatMap((n) => [`staged ${String(n)}`, `chunk ${String(n)}`]));
  });

  test('that were staged after one that fails are undone with it, and are done once', async () => {
    const after = gate();
    let failures = 0;
    const kind = stagingKind('failing', {
      staged: (n) => (n === 4 ? after.open() : undefined),
      chunk: async (n) => {
        if (n !== 3 || failures++ > 0) return;
        await after.opened;
        throw new Error('broken once');
      },
    });
    const { tasks, database, log } = await world.replica({ kinds: [kind] });
    const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 8 } });
    expect(await ended(tasks, task.id)).toMatchObject({ status: 'SUCCESS', current: 8, epoch: 2 });
    // One failure, told once.
    expect(log).toEqual([expect.stringMatching(/try 1 of a chunk: .*broken once/)]);
    expect(await effects(database, task.id)).toEqual(upTo(8));
  });

  test('that cannot be staged count as failed only when the one before has committed', async () => {
    const failed = gate();
    let failures = 0;
    const kind = stagingKind('unstageable', {
      staged: (n) => {
        if (n !== 1 || failures++ > 0) return;
        failed.open();
        throw new Error('broken once');
      },
      chunk: async (n) => {
        if (n === 0) await failed.opened;
      },
    });
    const { tasks, database, log } = await world.replica({ kinds: [kind] });
    const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 3 } });
    expect(await ended(tasks, task.id)).toMatchObject({ status: 'SUCCESS', current: 3 });
    expect(log.join()).toMatch(/try 1 of a chunk: .*broken once/);
    expect(await effects(database, task.id)).toEqual(upTo(3));
  });

  test('end with the one that gives the task up', async () => {
    const after = gate();
    const failure = { code: 'enough', message: 'that is enough' };
    const kind = stagingKind('giving up', {
      staged: (n) => (n === 3 ? after.open() : undefined),
      chunk: async (n) => {
        if (n !== 2) return undefined;
        await after.opened;
        return failure;
      },
    });
    const { tasks, database } = await world.replica({ kinds: [kind] });
    const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 8 } });
    expect(await ended(tasks, task.id)).toMatchObject({ status: 'FAILURE', current: 3, error: failure });
    expect(await effects(database, task.id)).toEqual(upTo(3));
  });

  test('leave the slots to others while they wait for their turn', async () => {
    const held = gate();
    const waiting = gate();
    const kind = stagingKind('polite', {
      staged: (n, owner) => (n === 1 && owner === 'ann' ? waiting.open() : undefined),
      chunk: async (n, owner) => {
        if (n === 0 && owner === 'ann') await held.opened;
      },
    });
    const { tasks } = await world.replica({ kinds: [kind], worker: { slots: 2 } });
    const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 4 } });
    await waiting.opened;
    const { task: other } = await tasks.create({ kind, owner: 'bob', params: { count: 4 } });
    expect(await ended(tasks, other.id)).toMatchObject({ status: 'SUCCESS', current: 4 });
    expect((await tasks.get('ann', task.id)).current).toBe(0);
    held.open();
    expect(await ended(tasks, task.id)).toMatchObject({ status: 'SUCCESS', current: 4 });
  });

  test('that are staged when the task is cancelled leave nothing', async () => {
    const held = gate();
    const waiting = gate();
    const kind = stagingKind('cancelled', {
      staged: (n) => (n === 3 ? waiting.open() : undefined),
      chunk: async (n) => {
        if (n === 2) await held.opened;
      },
    });
    const { tasks, database } = await world.replica({ kinds: [kind] });
    const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 8 } });
    await waiting.opened;
    await tasks.cancel('ann', task.id);
    held.open();
    const { status, current } = await ended(tasks, task.id, 2_000);
    expect(status).toBe('REVOKED');
    expect(await effects(database, task.id)).toEqual(upTo(current));
  });

  test('wait in no transaction when the lease is lost', async () => {
    const held = gate();
    const waiting = gate();
    const name = 'lost';
    const slow = stagingKind(name, {
      staged: (n) => (n === 1 ? waiting.open() : undefined),
      chunk: async () => {
        await held.opened;
        return undefined;
      },
    });
    // It takes the task because it is nudged, and never learns that it has lost it.
    const { tasks, database } = await world.replica({ kinds: [slow], worker: { pollMs: 60_000 } });
    const { task } = await tasks.create({ kind: slow, owner: 'ann', params: { count: 4 } });
    await waiting.opened;
    const other = await world.replica({ kinds: [stagingKind(name)] });
    await other.database.query(`UPDATE tasks SET due_at = now() - interval '1 s' WHERE id = $1`, [task.id]);
    expect(await ended(other.tasks, task.id)).toMatchObject({ status: 'SUCCESS', current: 4 });
    held.open();
    await eventually(async () => {
      const open = await database.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'`,
      );
      return open.length === 0;
    });
    expect(await effects(other.database, task.id)).toEqual(upTo(4));
  });
});
