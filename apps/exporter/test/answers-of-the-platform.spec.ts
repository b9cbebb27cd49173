import { eventually } from '@hornbook/testing';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dialogue, dialogues } from './support/dialogues.js';
import { faithful, json, refuse, reset, silence, storeBut, type Reply } from './support/platform.js';
import { PLATFORM_TOKEN, World } from './support/world.js';

/** Stores the batch and sends a byte now and then, for ever: no single wait is long. */
const trickle: Reply = storeBut((_batch, response) => {
  response.writeHead(201);
  const timer = setInterval(() => response.write(' '), 50);
  response.once('close', () => clearInterval(timer));
});

/** Promises more than it sends. */
const brokenOff: Reply = storeBut((_batch, response) => {
  response.writeHead(201, { 'content-length': '1000' });
  response.write('{"success":', () => response.socket?.destroy());
});

/** Sends without end what a good answer could begin with. */
const flood: Reply = storeBut((_batch, response) => {
  response.writeHead(201);
  const more = (): void => {
    if (!response.destroyed) response.write(' '.repeat(50_000), more);
  };
  more();
});

describe('answers of the platform', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open({
      EXPORT_TIMEOUT_MS: '500',
      EXPORT_LEASE_MS: '2000',
      EXPORT_MAX_ANSWER_BYTES: '100000',
      EXPORT_MAX_DEFERRALS: '3',
      EXPORT_CONCURRENCY: '1',
    });
  });
  beforeEach(() => world.reset());
  afterAll(() => world.close());

  it.each([
    ['502', refuse(502, 'bad gateway'), 'gateway_error', /answered 502/],
    ['503', refuse(503), 'gateway_error', /answered 503/],
    ['504', refuse(504), 'gateway_error', /answered 504/],
    ['408', refuse(408), 'timeout', /408/],
    ['a reset connection', reset, 'connection_error', /The connection failed \(\w+\)$/],
    ['silence', silence, 'timeout', /No whole answer within 500 ms$/],
    ['an answer that trickles', trickle, 'timeout', /No whole answer within 500 ms$/],
    ['an answer that breaks off', brokenOff, 'unreadable_answer', /The answer broke off \(status 201\)$/],
    ['a body beyond the limit', flood, 'unreadable_answer', /larger than 100000 bytes \(status 201\)$/],
  ])(
    '%s: the same bytes again after each configured wait, then a failure',
    async (_what, reply, errorType, message) => {
      world.platform.reply = reply;
      // Else what was stored all the same would be found and confirmed.
      world.platform.forgetful = true;
      const ids = await world.export([dialogue()]);
      await world.settled(ids, 'failed');
      expect(world.platform.received).toHaveLength(4);
      expect(new Set(world.platform.received.map(({ body }) => body)).size).toBe(1);
      const [failure] = await world.failures('?resolved=false');
      expect(failure).toMatchObject({
        error_type: errorType,
        whole_batch: true,
        dialogue_ids: ids,
        error_message: expect.stringMatching(/^Given up after 4 sends: /),
      });
      expect(failure!.error_message).toMatch(message);
      const { history } = await world.dialogue(ids[0]!);
      const events = history.map(({ event }) => event);
      expect(events).toEqual([
        'submitted',
        'batched',
        ...Array.from({ length: 3 }, () => ['sending', 'answered', 'retry_scheduled']).flat(),
        'sending',
        'answered',
        'failed',
      ]);
      expect(await world.batch(failure!.batch_id)).toMatchObject({
        state: 'failed',
        attempts: 4,
        sends: 4,
        last_error_type: errorType,
        due_at: null,
      });
    },
  );

  it.each([
    [
      '500',
      refuse(500, {
        success: false,
        error: 'internal_error',
        message: 'An unexpected error occurred',
        request_id: 'req-abc123',
      }),
      'unexpected_answer',
    ],
    ['404', refuse(404), 'unexpected_answer'],
    ['413', refuse(413), 'unexpected_answer'],
    ['200 instead of 201', refuse(200, { success: true }), 'unexpected_answer'],
    ['a redirect', refuse(307, '', { location: 'http://127.0.0.1:1/elsewhere' }), 'redirected'],
  ])('%s: a failure at once', async (_what, reply, errorType) => {
    world.platform.reply = reply;
    const ids = await world.export(dialogues(2));
    await world.settled(ids, 'failed');
    expect(world.platform.received).toHaveLength(1);
    expect(await world.failures()).toMatchObject([
      { error_type: errorType, dialogue_ids: ids, whole_batch: true },
    ]);
  });

  it('a redirect is never followed, so the token goes nowhere else', async () => {
    const visits: unknown[] = [];
    const elsewhere = createServer((request, response) => {
      visits.push(request.headers);
      response.end();
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    try {
      const location = `http://127.0.0.1:${String((elsewhere.address() as AddressInfo).port)}/api/v1/admin/bulk-import`;
      world.platform.next(refuse(302, '', { location }), refuse(308, '', { location }));
      await world.settled(await world.export([dialogue()]), 'failed');
      await world.settled(await world.export([dialogue()]), 'failed');
      expect(visits).toEqual([]);
      expect(JSON.stringify(await world.failures())).not.toContain(location);
    } finally {
      elsewhere.close();
    }
  });

  it.each(['2', new Date(Date.now() + 3_000).toUTCString()])(
    '503 with Retry-After: %s waits as long as it says',
    async (retryAfter) => {
      world.platform.next(refuse(503, {}, { 'retry-after': retryAfter }));
      const ids = await world.export([dialogue()]);
      await eventually(async () => (await world.batches())[0]?.state === 'waiting');
      // In the database, so that it holds for every replica and after a restart.
      const [wait] = await world.sql<{ ms: number }>(
        'SELECT extract(epoch FROM due_at - last_sent_at)::float8 * 1000 AS ms FROM export_batches',
      );
      expect(wait!.ms).toBeGreaterThan(900);
      await world.settled(ids, 'confirmed');
      expect(world.platform.received).toHaveLength(2);
    },
  );

  it('429 waits as long as it says, counts as no attempt, and holds back other batches too', async () => {
    world.platform.next(refuse(429, { error: 'rate_limited' }, { 'retry-after': '1' }));
    const first = await world.export([dialogue()]);
    await eventually(async () => (await world.batches())[0]?.state === 'waiting');
    const second = await world.export([dialogue()]);
    expect(world.platform.received).toHaveLength(1);
    await world.settled([...first, ...second], 'confirmed');
    const deferred = (await world.batches()).find(
      ({ batch_id }) => batch_id === world.platform.received[0]!.batchId,
    );
    expect(deferred).toMatchObject({ attempts: 0, deferrals: 1, state: 'confirmed' });
  });

  it('a platform that puts a batch off for ever makes it fail at last', async () => {
    world.platform.reply = refuse(409, { error: 'batch_in_progress' });
    const ids = await world.export([dialogue()]);
    await world.settled(ids, 'failed');
    expect(world.platform.received).toHaveLength(4);
    expect(await world.failures()).toMatchObject([
      { error_type: 'batch_in_progress', error_message: expect.stringContaining('Put off 3 times') },
    ]);
  });

  it('409 batch_in_progress waits, then finds the batch done', async () => {
    world.platform.next(storeBut(refuse(409, { error: 'batch_in_progress' }, { 'retry-after': '1' })));
    const ids = await world.export(dialogues(2));
    await world.settled(ids, 'confirmed');
    expect(world.platform.titles).toHaveLength(2);
    expect((await world.batches())[0]).toMatchObject({
      attempts: 0,
      deferrals: 1,
      confirmed_by: 'read_back',
    });
  });

  it.each([
    [
      'of the contract',
      {
        success: false,
        error: 'duplicate_batch',
        original_import: { imported_at: '2024-01-15T10:30:47Z', dialogues: 1 },
      },
    ],
    ['as FastAPI wraps it', { detail: { error: 'duplicate_batch', message: 'already processed' } }],
    ['without any body', ''],
  ])(
    '409 duplicate_batch (%s) is read back and confirmed with the ids that are there',
    async (_what, body) => {
      world.platform.next(storeBut(refuse(409, body)));
      const ids = await world.export([dialogue()]);
      await world.settled(ids, 'confirmed');
      const [stored] = world.platform.stored.values();
      expect((await world.dialogue(ids[0]!)).pronielts_dialog_id).toBe(stored?.results[0]?.dialog_id);
      expect(world.platform.reads).toEqual([world.platform.received[0]!.batchId]);
    },
  );

  it('409 duplicate_batch of a batch that the platform does not show is no confirmation', async () => {
    world.platform.reply = refuse(409, { error: 'duplicate_batch' });
    const ids = await world.export([dialogue()]);
    await world.settled(ids, 'failed');
    expect(await world.failures()).toMatchObject([{ error_type: 'unverified_duplicate' }]);
  });

  it('a read-back that fails is tried again', async () => {
    let looks = 0;
    world.platform.readReply = (batchId, response, platform) => {
      if (looks++ === 0) return json(response, 502, {});
      const stored = platform.stored.get(batchId)!;
      json(response, 200, { batch_id: batchId, results: stored.results });
    };
    world.platform.next(storeBut(refuse(504)));
    const ids = await world.export([dialogue()]);
    await world.settled(ids, 'confirmed');
    expect(looks).toBe(2);
    expect(world.platform.titles).toHaveLength(1);
  });

  it.each([401, 403])('%i: a failure, and nothing more is sent until somebody resumes', async (status) => {
    world.platform.reply = refuse(status, { error: 'unauthenticated', message: 'Token expired' });
    // Two batches, sent one after the other.
    const first = await world.export(dialogues(60));
    await eventually(async () => (await world.call('/status')).body['paused'] === true);
    const { body } = await world.call('/status');
    expect(body).toMatchObject({
      paused: true,
      batches: { failed: 1, ready: 1 },
      pause_reason: expect.stringContaining(`(${String(status)}): Token expired`),
      paused_at: expect.any(String),
    });
    expect(JSON.stringify(body)).not.toContain(PLATFORM_TOKEN);

    const second = await world.submit(dialogues(60));
    const refused = await world.exportNow();
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({
      code: 'conflict',
      detail: expect.stringContaining('Token expired'),
    });
    expect(world.platform.received).toHaveLength(1);
    expect((await world.call('/status')).body).toMatchObject({ batches: { failed: 1, ready: 1 } });
    expect(await world.failures()).toMatchObject([
      { error_type: status === 401 ? 'unauthorized' : 'forbidden' },
    ]);

    world.platform.reply = faithful;
    expect((await world.call('/resume', { method: 'POST' })).body).toEqual({
      paused: false,
      was_paused: true,
    });
    expect((await world.call('/resume', { method: 'POST' })).body).toEqual({
      paused: false,
      was_paused: false,
    });
    await world.exportNow();
    await world.call('/failures/retry', {
      method: 'POST',
      body: { error_type: status === 401 ? 'unauthorized' : 'forbidden' },
    });
    await world.settled([...first, ...second], 'confirmed');
    expect((await world.call('/status')).body).toMatchObject({
      paused: false,
      pause_reason: null,
      paused_at: null,
    });
  });
});
