import { eventually } from '@hornbook/testing';
import { countKind } from './support/count-kind.js';
import { effects, ended, gate, upTo, World } from './support/world.js';

describe('a task that takes too long', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
  });
  afterAll(() => world.close());

  test('ends as FAILURE at a chunk edge after its soft deadline; resumed, it has as much time again', async () => {
    const ends: number[] = [];
    const kind = countKind({
      name: 'soft',
      softDeadlineMs: 300,
      // The second chunk of each run takes until the deadline has passed.
      before: async ({ task, deadline }) => {
        const soft = deadline.getTime() - 3_600_000 + 300;
        if (task.current % 20 === 10) await eventually(() => Date.now() > soft);
      },
      finish: async ({ task }) => {
        ends.push(task.current);
        return undefined;
      },
    });
    const { tasks, database } = await world.replica({ kinds: [kind] });
    const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 40 } });
    expect(await ended(tasks, task.id)).toMatchObject({
      status: 'FAILURE',
      error: { code: 'deadline_exceeded' },
      checkpoint: { next: 20 },
    });
    await tasks.resume('ann', task.id);
    expect(await ended(tasks, task.id)).toMatchObject({ status: 'SUCCESS', current: 40 });
    expect(await effects(database, task.id)).toEqual(upTo(40));
    expect(ends).toEqual([20, 40]);
  });

  test('ends as FAILURE at its hard deadline though a chunk hangs, which then commits nothing', async () => {
    const hang = gate();
    const kind = countKind({
      name: 'hard',
      hardDeadlineMs: 300,
      after: async ({ checkpoint }) => {
        if (checkpoint) await hang.opened;
      },
    });
    const { tasks, database, worker } = await world.replica({ kinds: [kind] });
    const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 20 } });
    const failed = await ended(tasks, task.id);
    expect(failed).toMatchObject({ status: 'FAILURE', error: { code: 'deadline_exceeded' }, current: 10 });
    hang.open();
    await worker.stop();
    expect(await effects(database, task.id)).toEqual(upTo(10));
    expect(await tasks.get('ann', task.id)).toEqual(failed);
  });

  test('does not start again when its deadline passed while nobody worked on it', async () => {
    const kind = countKind({ name: 'passed' });
    const { tasks, database, worker } = await world.replica({ kinds: [kind], works: false });
    const { task } = await tasks.create({ kind, owner: 'ann', params: { count: 20 } });
    await database.query(`UPDATE tasks SET soft_deadline_at = now() - interval '1 s' WHERE id = $1`, [
      task.id,
    ]);
    worker.start();
    expect(await ended(tasks, task.id)).toMatchObject({ status: 'FAILURE', current: 0 });
    expect(await effects(database, task.id)).toEqual([]);
  });
});
