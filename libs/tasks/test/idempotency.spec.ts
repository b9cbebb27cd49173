import { IdempotencyKeyReusedError, TaskError, TooManyTasksError } from '../src/index.js';
import { countKind } from './support/count-kind.js';
import { upTo, World } from './support/world.js';

describe('creating tasks', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
  });
  afterAll(() => world.close());

  const kind = countKind();
  const request = (key: string, hash = 'h') =>
    ({ kind, owner: 'ann', params: { count: 1 }, inputs: ['x'], idempotency: { key, hash } }) as const;

  test('makes one task of the same request sent many times at once, to any replica', async () => {
    const replicas = [
      await world.replica({ kinds: [kind], works: false }),
      await world.replica({ kinds: [kind], works: false }),
    ];
    const answers = await Promise.all(upTo(12).map((n) => replicas[n % 2]!.tasks.create(request('many'))));
    expect(new Set(answers.map(({ task }) => task.id)).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    const inputs = await replicas[0]!.database.query('SELECT 1 FROM task_inputs WHERE task_id = $1', [
      answers[0]!.task.id,
    ]);
    expect(inputs).toHaveLength(1);
  });

  test('refuses a key that stands for another request, until its lifetime is over', async () => {
    const { tasks } = await world.replica({ kinds: [kind], works: false });
    const first = await tasks.create(request('reused'));
    await expect(tasks.create(request('reused', 'other'))).rejects.toBeInstanceOf(IdempotencyKeyReusedError);
    const forgetful = await world.replica({ kinds: [kind], works: false, tasks: { idempotencyMs: 0 } });
    const second = await forgetful.tasks.create(request('reused', 'other'));
    expect(second.replayed).toBe(false);
    expect(second.task.id).not.toBe(first.task.id);
  });

  test('holds keys apart by owner and by kind', async () => {
    const other = countKind({ name: 'other' });
    const { tasks } = await world.replica({ kinds: [kind, other], works: false });
    const created = [
      await tasks.create(request('apart')),
      await tasks.create({ ...request('apart'), owner: 'bob' }),
      await tasks.create({ ...request('apart'), kind: other }),
    ];
    expect(new Set(created.map(({ task }) => task.id)).size).toBe(3);
  });

  test('keeps to the limit of unfinished tasks, however many come at once, and a repeat is no new one', async () => {
    const { tasks } = await world.replica({ kinds: [kind], works: false, tasks: { activePerOwner: 3 } });
    const owner = 'greedy';
    const outcomes = await Promise.allSettled(
      upTo(10).map((n) => tasks.create({ ...request(`limit ${n}`), owner })),
    );
    const refused = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
    );
    expect(refused).toHaveLength(7);
    for (const error of refused) expect(error).toBeInstanceOf(TooManyTasksError);
    const made = outcomes.findIndex(({ status }) => status === 'fulfilled');
    expect((await tasks.create({ ...request(`limit ${made}`), owner })).replayed).toBe(true);
    const [task] = await tasks.list(owner, { limit: 1 });
    await tasks.cancel(owner, task!.id);
    expect((await tasks.create({ ...request('one more'), owner })).replayed).toBe(false);
  });

  test('leaves nothing behind when the caller rolls back', async () => {
    const { tasks, database } = await world.replica({ kinds: [kind], works: false });
    const id = tasks.newId();
    const failing = database.transaction(async (tx) => {
      await tasks.create({ ...request('rolled back'), id }, tx);
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    await expect(tasks.get('ann', id)).rejects.toMatchObject({ code: 'not_found' });
    expect((await tasks.create({ ...request('rolled back'), id })).replayed).toBe(false);
  });

  test('refuses parameters that the kind does not know, naming them', async () => {
    const { tasks } = await world.replica({ kinds: [kind], works: false });
    const creating = tasks.create({ kind, owner: 'ann', params: { count: -1 } });
    await expect(creating).rejects.toBeInstanceOf(TaskError);
    await expect(creating).rejects.toMatchObject({
      code: 'validation_error',
      message: expect.stringContaining('count'),
    });
  });

  test('tells the service in the same transaction, each time a task can be taken', async () => {
    const queued: string[] = [];
    const { tasks } = await world.replica({
      kinds: [kind],
      works: false,
      tasks: { onQueued: async (_, task) => void queued.push(task.id) },
    });
    const { task } = await tasks.create(request('queued'));
    await tasks.create(request('queued'));
    await tasks.cancel('ann', task.id);
    await tasks.resume('ann', task.id);
    expect(queued).toEqual([task.id, task.id]);
  });
});
