import assert from 'node:assert/strict';
import { PermanentError } from '../../src/messaging.errors.js';
import { queueNameOf } from '../../src/transport/message-transport.js';
import { Counted, record } from './test-service.js';
import type { World } from './world.js';

/** The consuming half: effects once, retries, dead letters. */
export const consumerContract = {
  async 'a message that comes again has no second effect'(world: World): Promise<void> {
    const alpha = await world.service({ consumers: { 'count-numbers': { prefetch: 1 } } });
    const since = new Date(Date.now() - 60_000);
    await alpha.count('a', 1);
    await world.effects(alpha, 1);
    await world.until('the confirm', async () => (await alpha.rows())[0]?.published_at !== null);
    assert.equal(await alpha.outbox.resend(since), 1);
    await world.until('the second confirm', async () => (await alpha.rows())[0]?.published_at !== null);
    await alpha.count('a', 2);
    assert.deepEqual(
      (await world.effects(alpha, 2)).map(({ n }) => n),
      [1, 2],
    );
  },

  async 'two consumers of one event each have their effect once, whatever the other does'(
    world: World,
  ): Promise<void> {
    let refusals = 0;
    const alpha = await world.service({
      consumers: {
        'count-numbers': {},
        'check-numbers': {
          handle: async (data, message) => {
            await record(data, message);
            if (refusals++ < 3) throw new Error('not yet');
          },
        },
      },
    });
    await alpha.count('a', 1);
    const effects = await world.effects(alpha, 2);
    assert.deepEqual(effects.map(({ consumer }) => consumer).sort(), ['check-numbers', 'count-numbers']);
  },

  async 'replicas share the work, and every effect happens once'(world: World): Promise<void> {
    const one = await world.service({ consumers: { 'count-numbers': {} } });
    const two = await world.service({ consumers: { 'count-numbers': {} } });
    const numbers = Array.from({ length: 200 }, (_, n) => n);
    await Promise.all(numbers.map((n) => (n % 2 ? one : two).count(`key ${String(n % 7)}`, n)));
    const effects = await world.effects(one, numbers.length);
    assert.deepEqual(
      effects.map(({ n }) => n).sort((a, b) => a - b),
      numbers,
    );
  },

  async 'a failing handler is retried, then parked; after the fix it is sent again'(
    world: World,
  ): Promise<void> {
    const attempts: number[] = [];
    let fixed = false;
    const alpha = await world.service({
      consumers: {
        'count-numbers': {
          handle: async (data, message) => {
            attempts.push(message.attempt);
            await record(data, message);
            if (!fixed) throw new RangeError('no such number');
          },
        },
      },
    });
    const id = await alpha.count('a', 1);
    await world.until('the dead letter', async () => (await alpha.deadLetters.count()) === 1);
    assert.deepEqual(attempts, [1, 1, 2, 2, 3, 3]);
    assert.deepEqual(await alpha.ledger(), []);
    const [letter] = (await alpha.deadLetters.list({ limit: 10 })).items;
    assert.ok(letter);
    assert.equal(letter.messageId, id);
    assert.deepEqual(
      [letter.reason, letter.errorClass, letter.errorMessage],
      ['exhausted', 'RangeError', 'no such number'],
    );
    fixed = true;
    assert.deepEqual(await alpha.deadLetters.redrive({ consumer: 'count-numbers' }, 'ada'), {
      redriven: 1,
      failed: 0,
    });
    await world.effects(alpha, 1);
    const detail = await alpha.deadLetters.read(letter.id);
    assert.equal(detail.status, 'redriven');
    assert.deepEqual(
      detail.audit.map(({ action, by }) => `${action} by ${by}`),
      ['parked by alpha', 'redriven by ada'],
    );
  },

  async 'what no retry can help is parked at once'(world: World): Promise<void> {
    let calls = 0;
    const alpha = await world.service({
      consumers: {
        'count-numbers': {
          handle: () => {
            calls++;
            return Promise.reject(new PermanentError('unknown key'));
          },
        },
      },
    });
    await alpha.count('a', 1);
    await world.until('the first dead letter', async () => (await alpha.deadLetters.count()) === 1);
    assert.equal(calls, 1);
    const queue = queueNameOf('alpha', 'count-numbers');
    const envelope = {
      specversion: '1.0',
      id: '019a0000-0000-7000-8000-000000000001',
      source: '/x',
      type: Counted.name,
    };
    const invalid = {
      ...envelope,
      subject: 'a',
      time: new Date().toISOString(),
      datacontenttype: 'application/json',
      data: {},
    };
    await alpha.transport.deliver(queue, { id: 'no json', event: Counted.name, body: 'no json' });
    await alpha.transport.deliver(queue, {
      id: envelope.id,
      event: Counted.name,
      body: JSON.stringify(invalid),
    });
    await world.until('the other dead letters', async () => (await alpha.deadLetters.count()) === 3);
    assert.equal(calls, 1);
    const { items } = await alpha.deadLetters.list({ limit: 10 });
    assert.deepEqual(items.map(({ reason }) => reason).sort(), ['invalid', 'invalid', 'permanent']);
    await alpha.deadLetters.drop(items[0]?.id ?? '', 'ada');
    assert.equal(await alpha.deadLetters.count(), 2);
  },

  async 'a handler that goes on after a failed statement loses neither effect nor message'(
    world: World,
  ): Promise<void> {
    const alpha = await world.service({
      consumers: {
        'count-numbers': {
          handle: async (data, message) => {
            await record(data, message);
            await message.tx.query('SELECT 1 / 0').catch(() => undefined);
          },
        },
      },
    });
    await alpha.count('a', 1);
    await world.until('the dead letter', async () => (await alpha.deadLetters.count()) === 1);
    const [letter] = (await alpha.deadLetters.list({ limit: 1 })).items;
    assert.equal(letter?.errorClass, 'FailedTransactionError');
  },
};
