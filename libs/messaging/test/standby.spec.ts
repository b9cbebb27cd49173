import { startRabbitmq, startTcpProxy, temporaryFolder } from '@hornbook/testing';
import type { TransportOptions } from '../src/messaging-options.js';
import { World } from './support/world.js';

const QUEUE = 'alpha.workers.v1';

describe('standing by for calls, over rabbitmq', () => {
  let world: World;
  afterEach(() => world.close());

  const replica = (): ReturnType<World['service']> => world.service({ relay: false });
  const noCall = (): void => undefined;

  test('whoever stands by is counted, by every replica, until it stops', async () => {
    world = await World.open('rabbitmq');
    const [asking, one, two] = [await replica(), await replica(), await replica()];
    await asking.transport.subscribe({
      queue: 'alpha.other.v1',
      event: 'other',
      prefetch: 1,
      onMessage: () => Promise.resolve({ kind: 'done' }),
      onDeadLetter: () => Promise.resolve(),
    });
    const count = (): Promise<number | undefined> => asking.transport.standingBy(QUEUE);
    await world.until('nobody', async () => (await count()) === 0);
    await one.transport.standBy(QUEUE, noCall);
    await two.transport.standBy(QUEUE, noCall);
    await world.until('two', async () => (await count()) === 2);
    await world.until('the same', async () => (await one.transport.standingBy(QUEUE)) === 2);
    await two.messaging.shutdown();
    await world.until('one left', async () => (await count()) === 1);
  });

  test('each call reaches one of those who stand by, and one without anybody fails nothing', async () => {
    world = await World.open('rabbitmq');
    const [caller, one, two] = [await replica(), await replica(), await replica()];
    let calls = 0;
    // What is called out before the broker is there reaches nobody.
    await world.until('a connection', async () => (await caller.transport.health()).ok);
    caller.transport.call('alpha.nobody.v1');
    await one.transport.standBy(QUEUE, () => calls++);
    await two.transport.standBy(QUEUE, () => calls++);
    for (let made = 1; made <= 6; made++) {
      caller.transport.call(QUEUE);
      await world.until(`call ${made}`, () => calls >= made);
    }
    expect(calls).toBe(6);
    expect((await caller.transport.health()).ok).toBe(true);
  });

  test('whose connection ends is not counted any more; a broker that cannot be asked says nothing; all come back', async () => {
    const folder = await temporaryFolder();
    const broker = await startRabbitmq({ dataDir: folder.path });
    const proxy = await startTcpProxy(broker.port);
    const behindProxy = new URL(broker.url);
    behindProxy.port = String(proxy.port);
    try {
      const transport: TransportOptions = { kind: 'rabbitmq', url: broker.url };
      world = await World.open('rabbitmq', { transport, timeoutMs: 30_000 });
      const near = await replica();
      const far = await world.service({
        relay: false,
        options: { transport: { kind: 'rabbitmq', url: behindProxy.toString() } },
      });
      const count = (): Promise<number | undefined> => near.transport.standingBy(QUEUE);
      let calls = 0;
      await near.transport.standBy(QUEUE, () => calls++);
      await far.transport.standBy(QUEUE, () => calls++);
      await world.until('both', async () => (await count()) === 2);

      proxy.mode = 'refuse';
      await world.until('one left', async () => (await count()) === 1);
      expect(await far.transport.standingBy(QUEUE)).toBeUndefined();
      proxy.mode = 'blackhole';
      expect(await far.transport.standingBy(QUEUE)).toBeUndefined();
      proxy.mode = 'pass';
      await world.until('both again', async () => (await count()) === 2);
      proxy.mode = 'blackhole';
      // Its connection is open as far as it knows.
      expect(await far.transport.standingBy(QUEUE)).toBeUndefined();
      proxy.mode = 'pass';

      await broker.kill('SIGKILL');
      await world.until('no answer', async () => (await count()) === undefined);
      near.transport.call(QUEUE);
      await broker.restart();
      await world.until('both after the restart', async () => (await count()) === 2);
      await world.until('a call', () => {
        near.transport.call(QUEUE);
        return calls > 0;
      });
    } finally {
      await proxy.close();
      await broker.stop();
      await folder.remove();
    }
  }, 90_000);
});

test('over postgres nobody is known to stand by, and a call reaches nobody', async () => {
  const world = await World.open('postgres');
  const service = await world.service({ relay: false });
  let calls = 0;
  await service.transport.standBy(QUEUE, () => calls++);
  service.transport.call(QUEUE);
  expect(await service.transport.standingBy(QUEUE)).toBeUndefined();
  expect(calls).toBe(0);
  await world.close();
});
