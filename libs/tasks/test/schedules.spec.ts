import { eventually } from '@hornbook/testing';
import { IdempotencyKeyReusedError, InvalidScheduleError, ScheduleNotFoundError } from '../src/index.js';
import { countKind } from './support/count-kind.js';
import { ended, gate, upTo, World } from './support/world.js';

describe('a schedule', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
  });
  afterAll(() => world.close());

  const kind = countKind();
  const daily = { kind, owner: 'ann', params: { count: 1 }, cron: '0 4 * * *', timeZone: 'Europe/Vienna' };
  const makeDue = `UPDATE task_schedules SET next_run_at = now() - interval '1 s' WHERE id = ANY ($1)`;

  test('that is due is fired once, though two replicas look for it', async () => {
    const replicas = [await world.replica({ kinds: [kind] }), await world.replica({ kinds: [kind] })];
    const { schedules, database, tasks } = replicas[0]!;
    const made = await Promise.all(upTo(20).map(() => schedules.create({ ...daily, owner: 'twenty' })));
    const ids = made.map(({ schedule }) => schedule.id);
    for (let round = 1; round <= 3; round++) {
      await database.query(makeDue, [ids]);
      await eventually(async () => {
        const found = await Promise.all(ids.map((id) => schedules.get('twenty', id)));
        return found.every(({ nextRunAt }) => nextRunAt!.getTime() > Date.now());
      });
      const created = await tasks.list('twenty', { limit: 200 });
      expect(created).toHaveLength(20 * round);
      for (const task of created) await ended(tasks, task.id);
    }
    const found = await schedules.get('twenty', ids[0]!);
    expect(found).toMatchObject({ skipped: 0, lastTaskId: expect.any(String), lastRunAt: expect.any(Date) });
    expect((await tasks.get('twenty', found.lastTaskId!)).scheduleId).toBe(found.id);
    await Promise.all(replicas.map(({ worker }) => worker.stop()));
  });

  test('with a time instead of a cron expression runs once', async () => {
    const { schedules, tasks, worker } = await world.replica({ kinds: [kind] });
    const { schedule } = await schedules.create({
      kind,
      owner: 'once',
      params: { count: 1 },
      runAt: new Date(),
    });
    const fired = await eventually(async () => {
      const now = await schedules.get('once', schedule.id);
      return now.lastTaskId !== null && now;
    });
    expect(fired.nextRunAt).toBeNull();
    await ended(tasks, fired.lastTaskId!);
    expect(await tasks.list('once', { limit: 9 })).toHaveLength(1);
    await worker.stop();
  });

  test.each(['skip', 'queue'] as const)('whose last task still runs: overlap %s', async (overlap) => {
    const first = gate();
    const running: string[] = [];
    const slow = countKind({
      name: `slow-${overlap}`,
      before: async ({ task }) => {
        running.push(task.id);
        await first.opened;
      },
    });
    const { schedules, tasks, database, worker } = await world.replica({ kinds: [slow] });
    const owner = `overlap-${overlap}`;
    const { schedule } = await schedules.create({ ...daily, kind: slow, owner, overlap });
    for (let round = 1; round <= 3; round++) {
      await database.query(makeDue, [[schedule.id]]);
      await eventually(
        async () => (await schedules.get(owner, schedule.id)).nextRunAt!.getTime() > Date.now(),
      );
    }
    const created = await tasks.list(owner, { limit: 9 });
    expect(created).toHaveLength(overlap === 'skip' ? 1 : 3);
    expect((await schedules.get(owner, schedule.id)).skipped).toBe(overlap === 'skip' ? 2 : 0);
    await eventually(() => running.length > 0);
    expect(running).toHaveLength(1);
    first.open();
    for (const task of created) expect((await ended(tasks, task.id)).status).toBe('SUCCESS');
    // Oldest first, one after the other.
    expect(running).toEqual(created.map(({ id }) => id).reverse());
    await worker.stop();
  });

  test('that is paused is not fired; afterwards it goes on with the next time, not with the missed ones', async () => {
    const { schedules, tasks, database, worker } = await world.replica({ kinds: [kind] });
    const { schedule } = await schedules.create({ ...daily, owner: 'paused', paused: true });
    const { schedule: other } = await schedules.create({ ...daily, owner: 'running' });
    await database.query(makeDue, [[schedule.id, other.id]]);
    await eventually(async () => (await schedules.get('running', other.id)).lastTaskId !== null);
    expect(await tasks.list('paused', { limit: 9 })).toEqual([]);
    const resumed = await schedules.update('paused', schedule.id, { paused: false });
    expect(resumed.nextRunAt!.getTime()).toBeGreaterThan(Date.now());
    await worker.stop();
  });

  test('that can make no task says why and goes on', async () => {
    const { schedules, database, worker } = await world.replica({ kinds: [kind] });
    const { schedule } = await schedules.create({ ...daily, owner: 'broken' });
    await database.query(
      `UPDATE task_schedules SET params = '{"count":"x"}', next_run_at = now() - interval '1 s' WHERE id = $1`,
      [schedule.id],
    );
    const after = await eventually(async () => {
      const now = await schedules.get('broken', schedule.id);
      return now.lastError !== null && now;
    });
    expect(after.lastError).toContain('count');
    expect(after.nextRunAt!.getTime()).toBeGreaterThan(Date.now());
    await worker.stop();
  });

  test('is its owner’s alone; changed with a stale version it stays as it is', async () => {
    const { schedules } = await world.replica({ kinds: [kind], works: false });
    const { schedule } = await schedules.create({ ...daily, name: 'nightly' });
    await expect(schedules.get('bob', schedule.id)).rejects.toBeInstanceOf(ScheduleNotFoundError);
    await expect(schedules.update('bob', schedule.id, {})).rejects.toBeInstanceOf(ScheduleNotFoundError);
    await expect(schedules.delete('bob', schedule.id)).rejects.toBeInstanceOf(ScheduleNotFoundError);
    const changed = await schedules.update('ann', schedule.id, { cron: '0 5 * * *' }, schedule.version);
    expect(changed).toMatchObject({ cron: '0 5 * * *', name: 'nightly', version: schedule.version + 1 });
    expect(changed.nextRunAt).not.toEqual(schedule.nextRunAt);
    await expect(schedules.delete('ann', schedule.id, schedule.version)).rejects.toMatchObject({
      code: 'precondition_failed',
    });
    await schedules.delete('ann', schedule.id, changed.version);
    await expect(schedules.get('ann', schedule.id)).rejects.toBeInstanceOf(ScheduleNotFoundError);
  });

  test('is made once by a request that is sent twice', async () => {
    const { schedules } = await world.replica({ kinds: [kind], works: false });
    const request = { ...daily, idempotency: { key: 'k', hash: 'h' } };
    const answers = await Promise.all([schedules.create(request), schedules.create(request)]);
    expect(answers.map(({ replayed }) => replayed).sort()).toEqual([false, true]);
    expect(answers[0].schedule.id).toBe(answers[1].schedule.id);
    const other = schedules.create({ ...request, idempotency: { key: 'k', hash: 'other' } });
    await expect(other).rejects.toBeInstanceOf(IdempotencyKeyReusedError);
  });

  test.each([
    [{ cron: 'often' }, 'cron'],
    [{ timeZone: 'Mars/Olympus' }, 'time_zone'],
    [{ cron: null }, 'cron'],
    [{ runAt: new Date(0) }, 'cron'],
  ])('of %j is refused', async (change, field) => {
    const { schedules } = await world.replica({ kinds: [kind], works: false });
    const creating = schedules.create({ ...daily, ...change });
    await expect(creating).rejects.toBeInstanceOf(InvalidScheduleError);
    await expect(creating).rejects.toMatchObject({ field, code: 'validation_error' });
  });
});
