import { eventually } from '@hornbook/testing';
import { PermanentTaskError, TaskGoneError, TaskNotFoundError, TaskStateError } from '../src/index.js';
import { countKind, writeNumbers } from './support/count-kind.js';
import { effects, ended, gate, upTo, World } from './support/world.js';

describe('a task', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
  });
  afterAll(() => world.close());

  const endings = async (id: string): Promise<string[]> => {
    const { database } = await reader();
    const rows = await database.query<{ status: string }>('SELECT status FROM endings WHERE task = $1', [id]);
    return rows.map(({ status }) => status);
  };
  let idle: Awaited<ReturnType<World['replica']>> | undefined;
  const reader = async (): Promise<NonNullable<typeof idle>> =>
    (idle ??= await world.replica({ works: false }));

  test('is worked on chunk by chunk to SUCCESS, and tells what it did', async () => {
    const kind = countKind({ name: 'plain' });
    const { tasks, database } = await world.replica({ kinds: [kind] });
    const { task, replayed } = await tasks.create({ kind, owner: 'ann', params: { count: 25 } });
    expect(replayed).toBe(false);
    expect(task).toMatchObject({
      status: 'PENDING',
      current: 0,
      total: null,
      params: { count: 25, chunk: 10 },
    });
    const done = await ended(tasks, task.id);
    expect(done).toMatchObject({
      status: 'SUCCESS',
      current: 25,
      total: 25,
      counters: { written: 25, chunks: 3 },
      checkpoint: { next: 25 },
      result: { written: 25 },
      error: null,
    });
    expect(await effects(database, task.id)).toEqual(upTo(25));
    expect(await endings(task.id)).toEqual(['SUCCESS']);
    expect(done.expiresAt!.getTime() - done.finishedAt!.getTime()).toBe(30 * 86_400_000);
  });

  test('that was read from a stream ends where the stream does', async () => {
    const released = gate();
    const kind = {
      ...countKind({ name: 'streamed' }),
      prepare: async () => ({ next: 0 }),
      read: async ({ run, task }: { run: { next: number }; task: { params: { count: number } } }) =>
        run.next < task.params.count ? run.next++ : undefined,
      chunk: async ({ tx, task, batch }: { tx: never; task: { id: string }; batch: number }) => {
        await writeNumbers(tx, task.id, batch, batch + 1);
        return { checkpoint: { next: batch + 1 }, processed: 1 };
      },
      release: async () => released.open(),
    };
    const { tasks, database } = await world.replica({ kinds: [kind] });
    const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 7 } });
    expect(await ended(tasks, task.id)).toMatchObject({ status: 'SUCCESS', current: 7 });
    expect(await effects(database, task.id)).toEqual(upTo(7));
    await released.opened;
  });

  test('reads the texts that came with it, in order', async () => {
    const seen: string[] = [];
    const kind = countKind({
      name: 'inputs',
      before: async ({ input, checkpoint }) => {
        seen.push((await input((checkpoint?.next ?? 0) / 10)) ?? 'none');
      },
    });
    const { tasks } = await world.replica({ kinds: [kind] });
    const inputs = upTo(20).map((n) => `text ${n}`);
    const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 210 }, inputs });
    await ended(tasks, task.id);
    expect(seen).toEqual([...inputs, 'none']);
  });

  test('of another owner is not told from one that does not exist', async () => {
    const kind = countKind({ name: 'foreign' });
    const { tasks } = await world.replica({ kinds: [kind] });
    const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 1 } });
    const unknown = '01890000-0000-7000-8000-000000000000';
    for (const ask of [
      (id: string) => tasks.get('bob', id),
      (id: string) => tasks.cancel('bob', id),
      (id: string) => tasks.resume('bob', id),
      (id: string) => tasks.errors('bob', id, { limit: 1 }),
      (id: string) => tasks.waitForChange('bob', id, 0, 0),
    ]) {
      for (const id of [task.id, unknown, 'no id at all']) {
        await expect(ask(id)).rejects.toThrow(new TaskNotFoundError(id));
      }
    }
    expect((await tasks.get(null, task.id)).id).toBe(task.id);
  });

  test('that a kind gives up ends as FAILURE at once, without that chunk, and can be resumed', async () => {
    let isBroken = true;
    const kind = countKind({
      name: 'permanent',
      after: ({ checkpoint }) => {
        if (isBroken && checkpoint?.next === 10)
          throw new PermanentTaskError('bad_file', 'the file ends early');
      },
    });
    const { tasks, database } = await world.replica({ kinds: [kind] });
    const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 30 } });
    expect(await ended(tasks, task.id)).toMatchObject({
      status: 'FAILURE',
      error: { code: 'bad_file', message: 'the file ends early' },
      checkpoint: { next: 10 },
      counters: { written: 10 },
    });
    expect(await effects(database, task.id)).toEqual(upTo(10));
    isBroken = false;
    expect(await tasks.resume('ann', task.id)).toMatchObject({ status: 'PENDING', error: null, current: 10 });
    expect(await ended(tasks, task.id)).toMatchObject({ status: 'SUCCESS', counters: { written: 30 } });
    expect(await effects(database, task.id)).toEqual(upTo(30));
    expect(await endings(task.id)).toEqual(['FAILURE', 'SUCCESS']);
  });

  test('whose chunk fails is tried again after a back-off, three times, and then is a FAILURE with its cursor', async () => {
    let tries = 0;
    const kind = countKind({
      name: 'failing',
      after: ({ checkpoint }) => {
        if (checkpoint?.next !== 20) return;
        tries++;
        throw new Error('secret host db.internal');
      },
    });
    const { tasks, database, log } = await world.replica({ kinds: [kind] });
    const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 50 } });
    const failed = await ended(tasks, task.id);
    expect(failed).toMatchObject({
      status: 'FAILURE',
      checkpoint: { next: 20 },
      error: { code: 'chunk_failed' },
    });
    expect(failed.error?.message).not.toContain('secret');
    expect(log.join()).toContain('secret');
    expect(tries).toBe(4);
    expect(await effects(database, task.id)).toEqual(upTo(20));
  });

  test('that fails between successes starts to count anew, and is in RETRY meanwhile', async () => {
    const failures = new Map<number, number>();
    const kind = countKind({
      name: 'flaky',
      after: ({ checkpoint }) => {
        const at = checkpoint?.next ?? 0;
        failures.set(at, (failures.get(at) ?? 0) + 1);
        if (failures.get(at)! <= 2) throw new Error('not yet');
      },
    });
    const { tasks, database } = await world.replica({ kinds: [kind], worker: { retryBaseMs: 200 } });
    const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 30 } });
    const retried = await eventually(async () => {
      const now = await tasks.get('ann', task.id);
      return now.status === 'RETRY' && now;
    });
    expect(retried).toMatchObject({ error: { code: 'chunk_failed' } });
    expect(await ended(tasks, task.id)).toMatchObject({ status: 'SUCCESS', error: null });
    expect(await effects(database, task.id)).toEqual(upTo(30));
  });

  test('ends as FAILURE with what its chunk did when the chunk says so', async () => {
    const base = countKind({ name: 'aborting' });
    const kind = {
      ...base,
      chunk: async (context: Parameters<typeof base.chunk>[0]) => ({
        ...(await base.chunk(context)),
        abort: { code: 'too_many_errors', message: 'more than allowed' },
        errors: [
          {
            index: 3,
            line: 4,
            field: 'title',
            code: 'required',
            message: 'is missing',
            row: '{"a":"\u0000"}',
          },
        ],
      }),
    };
    const { tasks, database } = await world.replica({ kinds: [kind] });
    const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 30 } });
    expect(await ended(tasks, task.id)).toMatchObject({
      status: 'FAILURE',
      error: { code: 'too_many_errors' },
    });
    expect(await effects(database, task.id)).toEqual(upTo(10));
    expect(await tasks.errors('ann', task.id, { limit: 10 })).toEqual([
      {
        id: expect.any(Number),
        index: 3,
        line: 4,
        field: 'title',
        code: 'required',
        message: 'is missing',
        row: '{"a":"\uFFFD"}',
        details: null,
      },
    ]);
  });

  test('keeps all row errors, in order, page by page', async () => {
    const base = countKind({ name: 'row-errors' });
    const kind = {
      ...base,
      chunk: async (context: Parameters<typeof base.chunk>[0]) => {
        const from = context.checkpoint?.next ?? 0;
        const errors = upTo(context.task.params.chunk).map((n) => ({
          index: from + n,
          code: 'no',
          message: `row ${n}`,
        }));
        return { ...(await base.chunk(context)), errors };
      },
    };
    const { tasks } = await world.replica({ kinds: [kind] });
    const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 2_500, chunk: 500 } });
    await ended(tasks, task.id);
    const first = await tasks.errors('ann', task.id, { limit: 3 });
    const second = await tasks.errors('ann', task.id, { limit: 3, after: first.at(-1)!.id });
    expect([...first, ...second].map(({ index }) => index)).toEqual(upTo(6));
    const all: number[] = [];
    for await (const page of tasks.streamErrors('ann', task.id)) all.push(...page.map(({ index }) => index));
    expect(all).toEqual(upTo(2_500));
  });

  test('waits for its time', async () => {
    const kind = countKind({ name: 'later' });
    const { tasks, database } = await world.replica({ kinds: [kind] });
    const runAt = new Date(Date.now() + 60_000);
    const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 1 }, runAt });
    const { task: other } = await tasks.create({ kind, owner: 'ann', params: { count: 1 } });
    await ended(tasks, other.id);
    expect(await tasks.get('ann', task.id)).toMatchObject({ status: 'PENDING', runAt });
    await database.query(`UPDATE tasks SET due_at = now() WHERE id = $1`, [task.id]);
    expect((await ended(tasks, task.id)).status).toBe('SUCCESS');
  });

  test('is told of as soon as it changes, on any replica', async () => {
    const held = gate();
    const kind = countKind({ name: 'awaited', before: () => held.opened.then(() => undefined) });
    const { tasks } = await world.replica({ kinds: [kind] });
    const other = await world.replica({ kinds: [kind], works: false });
    const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 10 } });
    const started = await other.tasks.waitForChange('ann', task.id, task.version, 10_000);
    expect(started.status).toBe('STARTED');
    const unchanged = await tasks.waitForChange('ann', task.id, started.version, 30);
    expect(unchanged.version).toBe(started.version);
    const changes = [tasks, other.tasks].map((side) =>
      side.waitForChange('ann', task.id, started.version, 20_000),
    );
    held.open();
    for (const change of await Promise.all(changes)) expect(change.version).toBeGreaterThan(started.version);
    await ended(tasks, task.id);
  });

  test('answers "gone" once it has expired, loses everything, and is unknown in the end', async () => {
    const discarded: string[] = [];
    const kind = countKind({ name: 'expiring', discard: async ({ id }) => void discarded.push(id) });
    const { tasks, database } = await world.replica({
      kinds: [kind],
      tasks: { retentionMs: 1, goneMs: 3_600_000 },
    });
    const { TaskRetention } = await import('../src/index.js');
    const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 5 }, inputs: ['x'] });
    await eventually(async () => {
      await expect(tasks.get('ann', task.id)).rejects.toBeInstanceOf(TaskGoneError);
    });
    const retention = new TaskRetention(tasks);
    await retention.run();
    await retention.run();
    expect(discarded).toEqual([task.id]);
    expect(await database.query('SELECT params, result FROM tasks WHERE id = $1', [task.id])).toEqual([
      { params: {}, result: null },
    ]);
    expect(await database.query('SELECT 1 FROM task_inputs WHERE task_id = $1', [task.id])).toEqual([]);
    await expect(tasks.get('ann', task.id)).rejects.toBeInstanceOf(TaskGoneError);
    await database.query(`UPDATE tasks SET expires_at = now() - interval '2 h' WHERE id = $1`, [task.id]);
    await retention.run();
    await expect(tasks.get('ann', task.id)).rejects.toBeInstanceOf(TaskNotFoundError);
  });

  test('that has ended well can neither be cancelled nor resumed', async () => {
    const kind = countKind({ name: 'over' });
    const { tasks } = await world.replica({ kinds: [kind] });
    const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 1 } });
    await ended(tasks, task.id);
    await expect(tasks.cancel('ann', task.id)).rejects.toBeInstanceOf(TaskStateError);
    await expect(tasks.resume('ann', task.id)).rejects.toBeInstanceOf(TaskStateError);
  });

  test('is listed newest first, by kind and status', async () => {
    const kind = countKind({ name: 'listed' });
    const { tasks } = await world.replica({ kinds: [kind], works: false });
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) {
      ids.unshift((await tasks.create({ kind, owner: 'lister', params: { count: n } })).task.id);
    }
    const first = await tasks.list('lister', { limit: 3 });
    const rest = await tasks.list('lister', { limit: 3, before: first.at(-1)!.id });
    expect([...first, ...rest].map(({ id }) => id)).toEqual(ids);
    expect(await tasks.list('lister', { limit: 9, status: 'FAILURE' })).toEqual([]);
    expect(await tasks.list('lister', { limit: 9, kind: 'listed' })).toHaveLength(5);
    expect(await tasks.list('somebody', { limit: 9 })).toEqual([]);
  });
});
