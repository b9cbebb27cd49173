import { countKind } from './support/count-kind.js';
import { ended, gate, upTo, World } from './support/world.js';

describe('the time of the workers', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(() => world.close());

  test("goes to another owner's small task after the chunk in hand, not after the large task", async () => {
    const order: string[] = [];
    const asked = gate();
    const small = gate();
    const kind = countKind({
      before: async ({ task }) => {
        order.push(task.owner);
        if (order.length !== 5) return;
        asked.open();
        await small.opened;
      },
    });
    const { tasks } = await world.replica({ kinds: [kind], worker: { slots: 1 } });
    const { task: large } = await tasks.create({ kind, owner: 'large', params: { count: 100, chunk: 1 } });
    await asked.opened;
    const { task } = await tasks.create({ kind, owner: 'small', params: { count: 1 } });
    // Once it is taken; until then there is nothing to choose from.
    while ((await tasks.get('small', task.id)).status === 'PENDING')
      await tasks.waitForChange('small', task.id, task.version, 100);
    small.open();
    await ended(tasks, task.id);
    await ended(tasks, large.id);
    expect(order.indexOf('small')).toBe(5);
    expect(order).toHaveLength(101);
  });

  test('is shared between owners, however many tasks each has', async () => {
    const order: string[] = [];
    const started = gate();
    const kind = countKind({
      before: async ({ task }) => {
        order.push(task.owner);
        await started.opened;
      },
    });
    const { tasks } = await world.replica({ kinds: [kind], worker: { slots: 1, maxHeld: 8 } });
    const many = await Promise.all(
      upTo(6).map(() => tasks.create({ kind, owner: 'many', params: { count: 40, chunk: 1 } })),
    );
    const one = await tasks.create({ kind, owner: 'one', params: { count: 30, chunk: 1 } });
    started.open();
    await ended(tasks, one.task.id);
    const before = order.slice(0, order.lastIndexOf('one'));
    const others = before.filter((owner) => owner === 'many').length;
    // Its chunks took turns with the other owner's; how they fall depends on how long each took.
    expect(others).toBeLessThan(120);
    for (const { task } of many) expect((await ended(tasks, task.id)).status).toBe('SUCCESS');
  });

  test('is not given to more tasks of one owner at once than allowed, all replicas together', async () => {
    let running = 0;
    let most = 0;
    const kind = countKind({
      prepare: undefined,
      before: () => {
        running++;
        most = Math.max(most, running);
      },
      after: () => {
        running--;
      },
    } as Parameters<typeof countKind>[0]);
    const worker = { slots: 4, perOwner: 2 };
    const one = await world.replica({ kinds: [kind], worker });
    await world.replica({ kinds: [kind], worker });
    const created = await Promise.all(
      upTo(10).map(() => one.tasks.create({ kind, owner: 'ann', params: { count: 50, chunk: 10 } })),
    );
    for (const { task } of created) expect((await ended(one.tasks, task.id)).status).toBe('SUCCESS');
    expect(most).toBe(2);
  });
});
