import { GroundTruthSkipped } from '@hornbook/contracts';
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Within } from '../../src/outbox/outbox.js';
import { currentFlow, runInFlow, type FlowContext } from '../../src/flow-context.js';
import type {
  MessageTransport,
  OutgoingMessage,
  PublishOutcome,
} from '../../src/transport/message-transport.js';
import { Counted, record } from './test-service.js';
import { gate, type World } from './world.js';
import { WrappedTransport } from './wrapped-transport.js';

/** The publishing half: what leaves, in which order, and how it ends. */
export const outboxContract = {
  async 'an event leaves if and only if the transaction that wrote it commits'(world: World): Promise<void> {
    const alpha = await world.service({ consumers: { 'count-numbers': { prefetch: 1 } } });
    const rolledBack = alpha.database.transaction(async (tx) => {
      await alpha.outbox.publish(tx, Counted, { key: 'a', data: { key: 'a', n: 1 } });
      throw new Error('changed my mind');
    });
    await assert.rejects(rolledBack, /changed my mind/);
    await alpha.count('a', 2);
    assert.deepEqual(await world.effects(alpha, 1), [{ consumer: 'count-numbers', key: 'a', n: 2 }]);
    const outside = alpha.outbox.publish(alpha.database.dataSource.manager, Counted, {
      key: 'a',
      data: { key: 'a', n: 3 },
    });
    await assert.rejects(outside, /needs an open transaction/);
  },

  async 'an event that nobody takes stays in the outbox until somebody does'(world: World): Promise<void> {
    const alpha = await world.service();
    await alpha.count('a', 1);
    await world.until('a refusal', async () =>
      ((await alpha.rows())[0]?.last_error ?? '').startsWith('unroutable'),
    );
    assert.equal((await alpha.rows())[0]?.published_at, null);
    const beta = await world.service({ name: 'beta', consumers: { 'count-numbers': {} } });
    await world.effects(beta, 1);
    await world.until('the confirm', async () => (await alpha.rows())[0]?.published_at !== null);
  },

  async 'an announcement that nobody takes is done with, and holds nothing of its key back'(
    world: World,
  ): Promise<void> {
    const alpha = await world.service({ consumers: { 'count-numbers': {} } });
    await alpha.database.transaction((tx) =>
      alpha.outbox.publish(tx, GroundTruthSkipped, { key: 'a', data: GroundTruthSkipped.example }),
    );
    await alpha.count('a', 1);
    assert.deepEqual(await world.effects(alpha, 1), [{ consumer: 'count-numbers', key: 'a', n: 1 }]);
    await world.until('both to be sent', async () =>
      (await alpha.rows()).every(({ published_at }) => published_at !== null),
    );
    assert.deepEqual(
      (await alpha.rows()).map(({ attempts, last_error }) => ({ attempts, last_error })),
      [
        { attempts: 0, last_error: null },
        { attempts: 0, last_error: null },
      ],
    );
  },

  async 'events of one key leave in commit order, and a refused one holds back only its own key'(
    world: World,
  ): Promise<void> {
    class Refusing extends WrappedTransport {
      private refusals = 0;
      override async publish(messages: readonly OutgoingMessage[]): Promise<PublishOutcome[]> {
        const isRefused = (message: OutgoingMessage): boolean =>
          message.body.includes('"n":0') && message.body.includes('"key":"a"');
        const refuse = messages.some(isRefused) && this.refusals++ === 0;
        const sent = await this.real.publish(
          refuse ? messages.filter((message) => !isRefused(message)) : messages,
        );
        return refuse
          ? messages.map((message) => (isRefused(message) ? REFUSED : (sent.shift() ?? REFUSED)))
          : sent;
      }
    }
    const REFUSED: PublishOutcome = { kind: 'rejected', error: 'for the test' };
    const alpha = await world.service({
      consumers: { 'count-numbers': { prefetch: 1 } },
      parts: { transport: (real: MessageTransport) => new Refusing(real) },
      relay: false,
    });
    for (let n = 0; n < 10; n++) for (const key of ['a', 'b']) await alpha.count(key, n);
    alpha.relay.start();
    const effects = await world.effects(alpha, 20);
    const inOrder = Array.from({ length: 10 }, (_, n) => n);
    assert.deepEqual(
      effects.filter(({ key }) => key === 'b').map(({ n }) => n),
      inOrder,
    );
    assert.deepEqual(
      effects.filter(({ key }) => key === 'a').map(({ n }) => n),
      inOrder,
    );
    assert.equal(effects.findIndex(({ key }) => key === 'a') >= 10, true, 'key b did not wait for key a');
  },

  async 'a second transaction with the same key waits for the first, so ids follow commits'(
    world: World,
  ): Promise<void> {
    const alpha = await world.service({ relay: false });
    const hold = gate();
    const written = gate();
    const first = alpha.database.transaction(async (tx) => {
      await alpha.outbox.publish(tx, Counted, { key: 'a', data: { key: 'a', n: 1 } });
      written.open();
      await hold.opened;
    });
    await written.opened;
    const second = alpha.count('a', 2);
    await world.until('the second to wait', async () => {
      const waiting = await alpha.database.query(
        `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`,
      );
      return waiting.length === 1;
    });
    await alpha.count('b', 1);
    hold.open();
    await Promise.all([first, second]);
    const ids = await alpha.database.query<{ n: number }>(
      `SELECT (data->>'n')::int AS n FROM outbox WHERE key = 'a' ORDER BY id`,
    );
    assert.deepEqual(
      ids.map(({ n }) => n),
      [1, 2],
    );
  },

  async 'a relay that slept through its lease settles nothing'(world: World): Promise<void> {
    const held = gate();
    const reached = gate();
    class Sleepy extends WrappedTransport {
      override async publish(messages: readonly OutgoingMessage[]): Promise<PublishOutcome[]> {
        reached.open();
        await held.opened;
        return messages.map(() => ({ kind: 'confirmed' }));
      }
    }
    const asleep = await world.service({
      parts: { transport: (real: MessageTransport) => new Sleepy(real) },
      options: { relay: { leaseMs: 60_000 } },
      relay: false,
    });
    await asleep.count('a', 1);
    const run = asleep.relay.runOnce();
    await reached.opened;
    await asleep.database.query(`UPDATE outbox_lease SET expires_at = now() - interval '1 s'`);
    const awake = await world.service({ consumers: { 'count-numbers': {} }, relay: false });
    assert.ok(await awake.store.claim(60_000), 'the expired lease is free');
    held.open();
    await run;
    assert.equal((await asleep.rows())[0]?.published_at, null);
    assert.equal((await awake.relay.runOnce()).sent, 1);
    await world.effects(awake, 1);
  },

  async 'a shutdown finishes what is in hand, sends what is committed and leaves the rest'(
    world: World,
  ): Promise<void> {
    const entered = gate();
    const hold = gate();
    const alpha = await world.service({
      consumers: {
        'count-numbers': {
          prefetch: 1,
          handle: async (data, message) => {
            entered.open();
            await hold.opened;
            await record(data, message);
          },
        },
      },
    });
    await alpha.count('a', 1);
    await alpha.count('a', 2);
    await entered.opened;
    let ended = false;
    const shutdown = alpha.messaging.shutdown().then(() => (ended = true));
    await alpha.count('a', 3);
    assert.equal(ended, false);
    hold.open();
    await shutdown;
    assert.deepEqual(
      (await alpha.ledger()).map(({ n }) => n),
      [1],
    );
    assert.deepEqual(
      (await alpha.rows()).filter(({ published_at }) => published_at === null),
      [],
    );
    const next = await world.service({ consumers: { 'count-numbers': { prefetch: 1 } } });
    assert.deepEqual((await world.effects(next, 3)).map(({ n }) => n).sort(), [1, 2, 3]);
  },

  async 'trace and correlation id survive outbox and broker, and pass on to what a handler publishes'(
    world: World,
  ): Promise<void> {
    const seen: {
      n: number;
      flow: FlowContext | undefined;
      traceparent: string | undefined;
      cause: string | undefined;
    }[] = [];
    const alpha = await world.service({
      consumers: {
        'count-numbers': {
          handle: async (data, message) => {
            const { traceparent, causationid } = message.event;
            seen.push({ n: data.n, flow: currentFlow(), traceparent, cause: causationid });
            if (data.n === 1)
              await alpha.outbox.publish(message.tx, Counted, { key: 'a', data: { key: 'a', n: 2 } });
          },
        },
      },
    });
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const id = await runInFlow({ correlationId: 'request 7', traceparent }, () => alpha.count('a', 1));
    await world.until('both events', () => seen.length === 2);
    assert.deepEqual(seen[0], {
      n: 1,
      flow: { correlationId: 'request 7', causationId: id, traceparent },
      traceparent,
      cause: undefined,
    });
    assert.deepEqual(
      [seen[1]?.flow?.correlationId, seen[1]?.cause, seen[1]?.traceparent],
      ['request 7', id, traceparent],
    );
  },

  async 'events of one call may each belong to the flow of another request'(world: World): Promise<void> {
    const seen: { n: number; correlation: string | undefined }[] = [];
    const alpha = await world.service({
      consumers: {
        'count-numbers': {
          handle: (data) => {
            seen.push({ n: data.n, correlation: currentFlow()?.correlationId });
            return Promise.resolve();
          },
        },
      },
    });
    const within = [1, 2].map((n) =>
      runInFlow({ correlationId: `request ${String(n)}` }, () => AsyncLocalStorage.snapshot()),
    );
    await runInFlow({ correlationId: 'call' }, () =>
      alpha.database.transaction((tx) =>
        alpha.outbox.publishAll(
          tx,
          Counted,
          [1, 2, 3].map((n) => ({ key: String(n), data: { key: String(n), n }, ...pick(within[n - 1]) })),
        ),
      ),
    );
    await world.until('all events', () => seen.length === 3);
    assert.deepEqual(
      seen.sort((one, other) => one.n - other.n),
      [1, 2, 3].map((n) => ({ n, correlation: n === 3 ? 'call' : `request ${String(n)}` })),
    );
  },
};

const pick = (within: Within | undefined): { within?: Within } => (within ? { within } : {});
