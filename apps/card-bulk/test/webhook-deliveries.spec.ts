import { createTestDatabase, eventually, expectNoLeaks } from '@hornbook/testing';
import pg from 'pg';
import { cardBulk } from '../src/index.js';
import { card, cards } from './support/cards.js';
import { isSignedWith, startReceiver, type Received, type Receiver } from './support/receiver.js';
import { startWorld, type Answer, type World } from './support/world.js';

const ENV = { WEBHOOK_ALLOW_PRIVATE: 'true', WEBHOOK_RETRY_BASE_MS: '10', WEBHOOK_TIMEOUT_MS: '500' };

interface Delivery {
  readonly delivery_id: string;
  readonly status: string;
  readonly attempts: { status: number | null; error: string | null }[];
  readonly url: string;
  readonly event: string;
}

describe('messages to webhooks', () => {
  let world: World;
  let receiver: Receiver;
  beforeAll(async () => {
    receiver = await startReceiver();
    world = await startWorld({ env: ENV });
  });
  afterEach(() => world.expectExactLedger());
  afterAll(async () => {
    await world.stop();
    await receiver.close();
  });

  async function register(
    owner: string,
    changes: Record<string, unknown> = {},
  ): Promise<{ id: string; secret: string }> {
    const { body } = await world.post(
      '/bulk/webhooks',
      { url: `${receiver.url}/${owner}`, ...changes },
      { as: owner },
    );
    return { id: String(body['webhook_id']), secret: String(body['secret']) };
  }
  const arrived = (path: string, count = 1): Promise<Received[]> =>
    eventually(() => receiver.at(path).length >= count && receiver.at(path), {
      timeoutMs: 60_000,
      description: `${count} messages on ${path}`,
    });
  const log = async (owner: string, id: string): Promise<Delivery[]> =>
    (await world.call(`/bulk/webhooks/${id}/deliveries`, { as: owner })).body['items'] as Delivery[];
  const settled = (owner: string, id: string): Promise<Delivery> =>
    eventually(
      async () => {
        const [latest] = await log(owner, id);
        return latest !== undefined && latest.status !== 'pending' && latest;
      },
      { timeoutMs: 60_000, description: 'the delivery to be settled' },
    );

  it('tell that an operation has ended, signed as Standard Webhooks has it', async () => {
    const owner = 'told';
    const { id, secret } = await register(owner);

    const { body: status } = await world.import([card(), card({ title: '' })], {}, { as: owner });

    const [message] = (await arrived('/told')) as [Received];
    expect(message.message).toEqual({
      type: 'bulk.task.finished',
      timestamp: status['completed_at'],
      data: {
        task_id: status['task_id'],
        kind: 'import',
        owner,
        status: 'SUCCESS',
        counters: status['counters'],
        error: null,
        finished_at: status['completed_at'],
        status_url: `/bulk/status/${status['task_id']}`,
      },
    });
    expect(message.headers['content-type']).toBe('application/json');
    expect(isSignedWith(secret, message)).toBe(true);
    expect(isSignedWith(secret, { ...message, body: `${message.body} ` })).toBe(false);
    expect(await settled(owner, id)).toMatchObject({
      delivery_id: message.headers['webhook-id'],
      event: 'bulk.task.finished',
      task_id: status['task_id'],
      status: 'delivered',
      attempts: [{ status: 200, error: null }],
      next_attempt_at: null,
    });
  });

  it('tell of published cards only whom it concerns', async () => {
    const owner = 'publishes';
    await register(owner, { events: ['card.published'] });
    await register('somebody', { events: ['card.published'], url: `${receiver.url}/somebody-else` });

    await world.import([card(), card({ privacy_level: 'PRIVATE' })], {}, { as: owner });

    const [message] = (await arrived('/publishes')) as [Received];
    expect(message.message.type).toBe('card.published');
    expect(message.message.data['cards']).toHaveLength(1);
    expect(receiver.at('/publishes').map(({ message: { type } }) => type)).toEqual(['card.published']);
    expect(receiver.at('/somebody-else')).toEqual([]);
  });

  it('go to the address that came with the request, signed with the secret that came back', async () => {
    const owner = 'once';
    const accepted = await world.post(
      '/bulk/import',
      { cards: cards(1), webhook_url: `${receiver.url}/once` },
      { as: owner },
    );
    const secret = accepted.headers.get('webhook-secret') as string;
    await world.finished(accepted.body['task_id'], { as: owner });

    const [message] = (await arrived('/once')) as [Received];

    expect(isSignedWith(secret, message)).toBe(true);
    const { body } = await world.call(`/bulk/webhooks/deliveries?task_id=${accepted.body['task_id']}`, {
      as: owner,
    });
    expect(body['items']).toMatchObject([{ webhook_id: null, url: `${receiver.url}/once` }]);
    expect((await world.call('/bulk/webhooks/deliveries', { as: 'stranger' })).body['items']).toEqual([]);
  });

  it('are tried again with the same id until they are taken', async () => {
    const owner = 'again';
    const { id, secret } = await register(owner);
    receiver.answer(500, 0, 302);

    await world.post(`/bulk/webhooks/${id}/test`, undefined, { as: owner });

    const messages = await arrived('/again', 4);
    expect(new Set(messages.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(new Set(messages.map(({ body }) => body)).size).toBe(1);
    expect(messages.every((message) => isSignedWith(secret, message))).toBe(true);
    expect((await settled(owner, id)).attempts).toMatchObject([
      { status: 500, error: 'refused' },
      { status: null, error: 'timeout' },
      { status: 302, error: 'redirect_not_followed' },
      { status: 200, error: null },
    ]);
  });

  it('are given up after six retries', async () => {
    const owner = 'never';
    const { id } = await register(owner);
    receiver.answer(...Array.from({ length: 7 }, () => 503));

    await world.post(`/bulk/webhooks/${id}/test`, undefined, { as: owner });

    const { status, attempts } = await settled(owner, id);
    expect(status).toBe('failed');
    expect(attempts).toHaveLength(7);
    expect(receiver.at('/never')).toHaveLength(7);
  });

  it('end for a webhook that answers 410, or that is switched off', async () => {
    const owner = 'gone';
    const { id } = await register(owner);
    receiver.answer(410);

    await world.post(`/bulk/webhooks/${id}/test`, undefined, { as: owner });

    expect(await settled(owner, id)).toMatchObject({ status: 'failed', attempts: [{ status: 410 }] });
    const { body } = await world.call(`/bulk/webhooks/${id}`, { as: owner });
    expect(body['active']).toBe(false);
    await world.import(cards(1), {}, { as: owner });
    await eventually(
      async () => (await world.sql(`SELECT FROM outbox WHERE published_at IS NULL`)).length === 0,
    );
    expect(await log(owner, id)).toHaveLength(1);
  });

  it('are signed with both secrets for a day after the secret has changed', async () => {
    const owner = 'rotates';
    const { id, secret } = await register(owner);
    const changed = await world.post(`/bulk/webhooks/${id}/secret`, undefined, {
      as: owner,
      headers: { 'if-match': '*' },
    });
    const next = String(changed.body['secret']);

    await world.post(`/bulk/webhooks/${id}/test`, undefined, { as: owner });
    const [message] = (await arrived('/rotates')) as [Received];
    expect([isSignedWith(secret, message), isSignedWith(next, message)]).toEqual([true, true]);

    await world.sql(`UPDATE webhooks SET secret_changed_at = now() - interval '25 h' WHERE id = $1`, [id]);
    await world.post(`/bulk/webhooks/${id}/test`, undefined, { as: owner });
    const [, later] = (await arrived('/rotates', 2)) as [Received, Received];
    expect([isSignedWith(secret, later), isSignedWith(next, later)]).toEqual([false, true]);
  });

  it('of one owner with a slow receiver do not hold up those of another', async () => {
    const slow = await register('slow');
    const quick = await register('quick');
    const send = (id: string, owner: string): Promise<Answer> =>
      world.post(`/bulk/webhooks/${id}/test`, undefined, { as: owner });
    const letGo = receiver.hold('/slow');
    await Promise.all(Array.from({ length: 40 }, () => send(slow.id, 'slow')));
    await arrived('/slow');

    await send(quick.id, 'quick');
    await arrived('/quick');

    // Two at a time, each until its time is over; then they count as lost.
    const [underWay] = await world.sql<{ count: number; isLeased: boolean }>(
      `SELECT count(*)::integer AS count, bool_and(due_at BETWEEN now() AND now() + interval '25 s') AS "isLeased"
       FROM webhook_deliveries WHERE owner = 'slow' AND attempts > jsonb_array_length(log)`,
    );
    expect(underWay?.count).toBeLessThanOrEqual(2);
    expect(underWay?.isLeased).not.toBe(false);
    letGo();
  });
});

describe('a message that another process is just taking', () => {
  it('is left to it', async () => {
    const receiver = await startReceiver();
    const world = await startWorld({
      env: { ...ENV, WEBHOOK_TIMEOUT_MS: '1500', WEBHOOK_RETRY_BASE_MS: '60000' },
    });
    const test = async (owner: string): Promise<void> => {
      const { body } = await world.post('/bulk/webhooks', { url: `${receiver.url}/${owner}` }, { as: owner });
      await world.post(`/bulk/webhooks/${body['webhook_id']}/test`, undefined, { as: owner });
    };
    receiver.hold('/shared');
    // One is under way and keeps its owner's second one waiting, which is due.
    await test('shared');
    await eventually(() => receiver.at('/shared').length === 1);
    await test('shared');
    const other = new pg.Client({ connectionString: world.database.urlFor(cardBulk.name) });
    await other.connect();
    await other.query('BEGIN');
    const { rowCount } = await other.query(
      `UPDATE webhook_deliveries SET attempts = 1, due_at = now() + interval '1 h' WHERE attempts = 0`,
    );
    expect(rowCount).toBe(1);

    // When the first is over, the second one's row is passed over, or waited for.
    await eventually(
      async () =>
        (await world.sql('SELECT FROM webhook_deliveries WHERE jsonb_array_length(log) = 1')).length === 1,
    );
    await test('later');
    await eventually(async () => {
      const waiting = await world.sql(
        `SELECT FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'`,
      );
      return waiting.length > 0 || receiver.at('/later').length > 0;
    });
    await other.query('COMMIT');
    await other.end();
    await eventually(() => receiver.at('/later').length > 0);

    const ids = receiver.at('/shared').map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids).size).toBe(1);
    await world.stop();
    await receiver.close();
  });
});

describe('messages to private addresses', () => {
  it('are not sent, whatever name leads there', async () => {
    const receiver = await startReceiver();
    const world = await startWorld();
    const url = receiver.url.replace('127.0.0.1', 'localhost');
    const { body } = await world.post('/bulk/webhooks', { url }, { as: 'inside' });
    const path = `/bulk/webhooks/${body['webhook_id']}`;

    await world.post(`${path}/test`, undefined, { as: 'inside' });

    const [delivery] = await eventually(async () => {
      const { body: page } = await world.call(`${path}/deliveries?status=failed`, { as: 'inside' });
      const items = page['items'] as unknown[];
      return items.length === 1 && items;
    });
    expect(delivery).toMatchObject({ attempts: [{ status: null, error: 'private_address' }] });
    expect(receiver.received).toEqual([]);
    await world.stop();
    await receiver.close();
  });
});

describe('messages across restarts and replicas', () => {
  it('outlive the process that was to send them, and are sent once by any number of replicas', async () => {
    const receiver = await startReceiver();
    const database = await createTestDatabase({ services: [cardBulk.name] });
    const options = { env: ENV, database, namespace: `webhooks-${process.pid}` };
    const first = await startWorld({ ...options, env: { ...ENV, WEBHOOK_RETRY_BASE_MS: '3000' } });
    const { body } = await first.post('/bulk/webhooks', { url: `${receiver.url}/kept` }, { as: 'keeps' });
    const path = `/bulk/webhooks/${body['webhook_id']}`;
    receiver.answer(...Array.from({ length: 10 }, () => 500));
    await Promise.all(
      Array.from({ length: 10 }, () => first.post(`${path}/test`, undefined, { as: 'keeps' })),
    );
    await eventually(() => receiver.received.length >= 10);
    await first.stop();
    const before = receiver.received.length;

    const replicas = await Promise.all([startWorld(options), startWorld(options)]);
    const isDone = async (): Promise<boolean> =>
      (await replicas[0].sql(`SELECT FROM webhook_deliveries WHERE status = 'delivered'`)).length === 10;
    await eventually(isDone, { timeoutMs: 60_000 });

    const later = receiver.received.slice(before).map(({ headers }) => headers['webhook-id']);
    expect(later).toHaveLength(10);
    expect(new Set(later).size).toBe(10);
    for (const replica of replicas) await replica.stop();
    await receiver.close();
    await expectNoLeaks({ databases: [database] });
    await database.drop();
  });
});
