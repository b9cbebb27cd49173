import {
  eventually,
  startRabbitmq,
  startTcpProxy,
  temporaryFolder,
  type RabbitmqServer,
  type TemporaryFolder,
} from '@hornbook/testing';
import { setTimeout as delay } from 'node:timers/promises';
import type { TransportOptions } from '../src/messaging-options.js';
import type { TestService } from './support/test-service.js';
import { World } from './support/world.js';

const EVENTS = 300;

/** Publishes numbers in order over four keys until told to stop; commits go on whatever happens to the broker. */
function steadily(service: TestService): { readonly published: () => number; stop: () => Promise<number> } {
  let stopping = false;
  let n = 0;
  const loop = (async () => {
    while (!stopping) {
      await service.count(`key ${String(n % 4)}`, n);
      n++;
      // About a hundred a second, so that faults and not the backlog decide how long a test takes.
      await delay(10);
    }
  })();
  return {
    published: () => n,
    stop: async () => {
      stopping = true;
      await loop;
      return n;
    },
  };
}

async function expectEachOnce(world: World, service: TestService, count: number): Promise<void> {
  await world.effects(service, count);
  await world.until('an empty outbox', async () => (await service.store.backlog()).depth === 0);
  const numbers = (await service.ledger()).map(({ n }) => n).sort((a, b) => a - b);
  expect(numbers).toEqual(Array.from({ length: count }, (_, n) => n));
}

describe('a broker that fails', () => {
  let folder: TemporaryFolder;
  let broker: RabbitmqServer;
  let world: World;

  beforeAll(async () => {
    folder = await temporaryFolder();
    broker = await startRabbitmq({ dataDir: folder.path });
  }, 60_000);

  afterEach(() => world.close());

  afterAll(async () => {
    await broker.stop();
    await folder.remove();
  }, 60_000);

  test('killed in mid-stream and started again on its data: every effect happens once', async () => {
    const transport: TransportOptions = { kind: 'rabbitmq', url: broker.url };
    world = await World.open('rabbitmq', { transport, timeoutMs: 40_000 });
    const alpha = await world.service({ consumers: { 'count-numbers': {} } });
    const stream = steadily(alpha);
    await world.until('some effects', async () => (await alpha.ledger()).length > 50);
    await broker.kill('SIGKILL');
    const published = stream.published();
    await world.until('commits without a broker', () => stream.published() > published + 50);
    expect((await alpha.transport.health()).ok).toBe(false);
    await broker.restart();
    await world.until(
      'effects after the restart',
      async () => (await alpha.ledger()).length > published + 20,
    );
    await expectEachOnce(world, alpha, await stream.stop());
    expect((await alpha.transport.health()).ok).toBe(true);
  }, 90_000);

  test('wiped: topology comes back, and what was confirmed since a time is sent again', async () => {
    const transport: TransportOptions = { kind: 'rabbitmq', url: broker.url };
    world = await World.open('rabbitmq', { transport, timeoutMs: 40_000 });
    // Bound, but with a consumer that takes nothing: the broker is full of confirmed messages when it loses them.
    const beta = await world.service({ name: 'beta', consumers: { 'count-numbers': {} } });
    await beta.messaging.stopConsuming();
    const alpha = await world.service();
    const since = new Date(Date.now() - 60_000);
    for (let n = 0; n < EVENTS; n++) await alpha.count(`key ${String(n % 4)}`, n);
    await world.until('an empty outbox', async () => (await alpha.store.backlog()).depth === 0);
    await broker.kill('SIGKILL');
    await broker.wipe();
    await broker.restart();
    const other = await world.service({ name: 'beta', consumers: { 'count-numbers': {} } });
    await world.until('the broker', async () => (await other.transport.health()).ok);
    expect(await other.ledger()).toEqual([]);
    expect(await alpha.outbox.resend(since)).toBe(EVENTS);
    await world.until('an empty outbox', async () => (await alpha.store.backlog()).depth === 0);
    await expectEachOnce(world, other, EVENTS);
  }, 90_000);

  test('behind a network that goes silent, then resets: every effect happens once', async () => {
    const proxy = await startTcpProxy(broker.port);
    const url = new URL(broker.url);
    url.hostname = '127.0.0.1';
    url.port = String(proxy.port);
    const transport: TransportOptions = {
      kind: 'rabbitmq',
      url: url.toString(),
      heartbeatSeconds: 1,
      confirmTimeoutMs: 1_500,
    };
    world = await World.open('rabbitmq', { transport, timeoutMs: 40_000 });
    const alpha = await world.service({ consumers: { 'count-numbers': {} } });
    const stream = steadily(alpha);
    await world.until('some effects', async () => (await alpha.ledger()).length > 50);
    proxy.mode = 'blackhole';
    await world.until('the silence to be noticed', async () => !(await alpha.transport.health()).ok);
    proxy.mode = 'pass';
    const before = (await alpha.ledger()).length;
    await world.until('effects after the silence', async () => (await alpha.ledger()).length > before + 50);
    for (let round = 0; round < 3; round++) {
      const seen = (await alpha.ledger()).length;
      proxy.reset();
      await world.until('effects after a reset', async () => (await alpha.ledger()).length > seen + 20);
    }
    await expectEachOnce(world, alpha, await stream.stop());
    await proxy.close();
  }, 90_000);
});

test('a queue that is deleted under its consumer is declared and consumed again', async () => {
  const world = await World.open('rabbitmq');
  try {
    const alpha = await world.service({ consumers: { 'count-numbers': {} } });
    await alpha.count('a', 0);
    await world.effects(alpha, 1);
    const { connect } = await import('amqplib');
    if (world.transport.kind !== 'rabbitmq') throw new Error('this test is about RabbitMQ');
    const model = await connect(world.transport.url);
    const channel = await model.createChannel();
    await channel.deleteQueue(`${world.namespace}.alpha.count-numbers.v1`);
    await alpha.count('a', 1);
    await world.effects(alpha, 2);
    await eventually(async () => (await alpha.transport.health()).ok);
    await model.close();
  } finally {
    await world.close();
  }
});
