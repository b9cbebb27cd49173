import { ContentBatchFailed, ContentBatchImported, payloadHash, type EventData } from '@hornbook/contracts';
import { Database } from '@hornbook/database';
import { Outbox } from '@hornbook/messaging';
import { eventually } from '@hornbook/testing';
import { dialogues } from './support/dialogues.js';
import {
  faithful,
  refuse,
  reset,
  silence,
  storeBut,
  type ReceivedBatch,
  type Reply,
} from './support/platform.js';
import { World } from './support/world.js';

describe('events of the platform', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open({ EXPORT_RETRY_DELAYS_MS: '60000,60000,60000' });
  });
  beforeEach(() => world.reset());
  afterAll(() => world.close());

  // The exporter's own outbox reaches the same exchange as the platform's.
  async function publishImported(
    batch: ReceivedBatch,
    changes: Partial<EventData<typeof ContentBatchImported>> = {},
  ): Promise<void> {
    const { results } = world.platform.stored.get(batch.batchId)!;
    const data = {
      batch_id: batch.batchId,
      source: batch.request.source,
      payload_hash: payloadHash(batch.request),
      imported: { dialogues: results.length, phrases: 2 * results.length, categories_created: 0 },
      results,
      processed_at: new Date().toISOString(),
      ...changes,
    };
    const { app } = world.services[0]!;
    await app
      .get(Database)
      .transaction((tx) => app.get(Outbox).publish(tx, ContentBatchImported, { key: batch.batchId, data }));
  }

  async function publishFailed(batch: ReceivedBatch, hash = payloadHash(batch.request)): Promise<void> {
    const data = {
      batch_id: batch.batchId,
      source: 'automation-pipeline',
      payload_hash: hash,
      attempt: 1,
      reason: 'internal_error',
      failed_at: new Date().toISOString(),
    };
    const { app } = world.services[0]!;
    await app
      .get(Database)
      .transaction((tx) => app.get(Outbox).publish(tx, ContentBatchFailed, { key: batch.batchId, data }));
  }

  const consumed = (count: number): Promise<unknown> =>
    eventually(async () => (await world.sql('SELECT FROM inbox')).length === count, {
      description: `${String(count)} consumed events`,
    });

  /** Answers `reply` and waits for the batch to stand in `state`. */
  async function sent(reply: Reply, state: string): Promise<{ ids: string[]; batch: ReceivedBatch }> {
    world.platform.next(reply);
    const ids = await world.export(dialogues(2));
    await eventually(async () => (await world.batches())[0]?.state === state);
    return { ids, batch: world.platform.received[0]! };
  }

  it.each([
    ['lost', storeBut(reset), 'waiting'],
    ['a 504', storeBut(refuse(504)), 'waiting'],
    ['still on its way', storeBut(silence), 'sending'],
    ['a failure', storeBut(refuse(500)), 'failed'],
  ])(
    'that a batch is imported confirms it with its ids when the answer is %s',
    async (_how, reply, state) => {
      const { ids, batch } = await sent(reply, state);
      await publishImported(batch);
      await world.settled(ids, 'confirmed');
      expect(await world.batch(batch.batchId)).toMatchObject({ state: 'confirmed', confirmed_by: 'event' });
      const { results } = world.platform.stored.get(batch.batchId)!;
      const { pronielts_dialog_id, pronielts_phrase_ids } = await world.dialogue(ids[1]!);
      expect({ dialog_id: pronielts_dialog_id, phrase_ids: pronielts_phrase_ids }).toMatchObject({
        dialog_id: results[1]!.dialog_id,
        phrase_ids: results[1]!.phrase_ids,
      });
      expect(world.platform.received).toHaveLength(1);
      expect((await world.failures()).every(({ resolution }) => resolution === 'confirmed')).toBe(true);
    },
  );

  it('and the answer, in whichever order and however often, confirm once', async () => {
    const before = await confirmedSoFar();
    world.platform.next(async (batch, response, platform) => {
      platform.store(batch.request);
      await publishImported(batch);
      await publishImported(batch);
      await consumed(2);
      await faithful(batch, response, platform);
    });
    const ids = await world.export(dialogues(2));
    await world.settled(ids, 'confirmed');
    await eventually(() => world.platform.reads.length === 1);
    await publishImported(world.platform.received[0]!);
    await consumed(3);
    const { history } = await world.dialogue(ids[0]!);
    expect(history.filter(({ event }) => event === 'confirmed')).toHaveLength(1);
    expect((await confirmedSoFar()) - before).toBe(1);
  });

  it.each([
    ['of another payload', { payload_hash: '0'.repeat(64) }],
    [
      'with other titles',
      {
        results: [
          { title: 'Other', dialog_id: 1, phrase_ids: [1, 2] },
          { title: 'Another', dialog_id: 2, phrase_ids: [3, 4] },
        ],
      },
    ],
    ['with too few results', { results: [] }],
  ])('under an id of ours but %s confirm nothing', async (_what, changes) => {
    const { batch } = await sent(storeBut(refuse(504)), 'waiting');
    await publishImported(batch, changes);
    await consumed(1);
    expect(await world.batch(batch.batchId)).toMatchObject({ state: 'waiting', confirmed_by: null });
  });

  it('about batches of others are none of our business', async () => {
    const { batch } = await sent(faithful, 'confirmed');
    await publishImported(batch, { batch_id: 'batch-1999-12-31-235959' });
    await consumed(1);
    expect(await world.batches()).toHaveLength(1);
  });

  it('that a batch failed there are kept in its history and decide nothing', async () => {
    const { ids, batch } = await sent(refuse(504), 'waiting');
    await publishFailed(batch);
    await publishFailed(batch, '0'.repeat(64));
    await consumed(2);
    const { history, status } = await world.dialogue(ids[0]!);
    expect(history.filter(({ event }) => event === 'platform_failed')).toMatchObject([
      { batch_id: batch.batchId, detail: { reason: 'internal_error', attempt: 1 } },
    ]);
    expect(status).toBe('batched');
  });

  async function confirmedSoFar(): Promise<number> {
    const text = await (await fetch(`${world.services[0]!.url}/metrics`)).text();
    return Number(/^export_success_total(?:\{[^}]*\})? (\d+)$/m.exec(text)?.[1] ?? 0);
  }
});
