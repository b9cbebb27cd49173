import { eventually } from '@hornbook/testing';
import { dialogue, dialogues } from './support/dialogues.js';
import { faithful, json, refuse, reset, silence, storeBut } from './support/platform.js';
import { World } from './support/world.js';

describe('each dialogue arrives exactly once', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open({ EXPORT_TIMEOUT_MS: '300', EXPORT_LEASE_MS: '1000' });
  });
  beforeEach(() => world.reset());
  afterAll(() => world.close());

  it.each([
    ['commits and then answers 504', storeBut(refuse(504))],
    ['commits and then cuts the connection', storeBut(reset)],
    ['commits and then says nothing', storeBut(silence)],
    [
      'commits and then answers 201 with a broken body',
      storeBut((_batch, response) => void response.writeHead(201).end('{"succ')),
    ],
    [
      'commits and then answers 201 for other dialogues',
      storeBut((batch, response) =>
        json(response, 201, {
          success: true,
          batch_id: batch.batchId,
          imported: { dialogues: 0, phrases: 0, categories_created: 0 },
          results: [],
          processed_at: '2026-03-02T10:15:02Z',
        }),
      ),
    ],
    ['refuses the connection before it commits anything', reset],
    ['answers 503 before it commits anything', refuse(503)],
  ])('though the platform %s', async (_how, reply) => {
    world.platform.next(reply);
    const sent = dialogues(60);
    const ids = await world.export(sent);
    await world.settled(ids, 'confirmed');
    expect([...world.platform.titles].sort()).toEqual(sent.map(({ title }) => title).sort());
    const kept = new Map(
      [...world.platform.stored.values()].flatMap(({ results }) =>
        results.map((result) => [result.title, result] as const),
      ),
    );
    for (const [index, id] of ids.entries()) {
      const { pronielts_dialog_id, pronielts_phrase_ids } = await world.dialogue(id);
      const there = kept.get(sent[index]!.title);
      expect({ pronielts_dialog_id, pronielts_phrase_ids }).toEqual({
        pronielts_dialog_id: there?.dialog_id,
        pronielts_phrase_ids: there?.phrase_ids,
      });
    }
  });

  it('because every send of a batch has the same id and the same bytes', async () => {
    world.platform.next(refuse(503), refuse(504), reset);
    const ids = await world.export([dialogue({ title: 'Café “Zürich” 🙂 – a table' })]);
    await world.settled(ids, 'confirmed');
    const { received } = world.platform;
    expect(received).toHaveLength(4);
    expect(new Set(received.map(({ body }) => body)).size).toBe(1);
    expect(new Set(received.map(({ headers }) => headers['x-batch-id']))).toEqual(
      new Set([received[0]!.batchId]),
    );
    const [row] = await world.sql<{ body: string }>('SELECT body FROM export_batches');
    expect(row?.body).toBe(received[0]!.body);
  });

  it('and the batch stands in the database, to the byte, before its first send', async () => {
    let stored: unknown[] = [];
    world.platform.reply = async (batch, response, platform) => {
      stored = await world.sql('SELECT body, state FROM export_batches WHERE batch_id = $1', [batch.batchId]);
      await faithful(batch, response, platform);
    };
    const ids = await world.export([dialogue()]);
    await world.settled(ids, 'confirmed');
    expect(stored).toEqual([{ body: world.platform.received[0]!.body, state: 'sending' }]);
  });

  it('though the platform grew stricter between a commit and the second send', async () => {
    world.platform.next(
      storeBut(refuse(504)),
      refuse(400, {
        success: false,
        error: 'validation_error',
        message: 'Invalid request payload',
        details: [{ field: 'dialogues[0].title', error: 'Too plain' }],
      }),
    );
    const ids = await world.export(dialogues(3));
    await world.settled(ids, 'confirmed');
    expect(world.platform.titles).toHaveLength(3);
    expect(await world.failures()).toEqual([]);
  });

  it('and a batch that arrived after all is confirmed although it counted as failed', async () => {
    world.platform.reply = storeBut(refuse(504));
    world.platform.next(storeBut(refuse(504)), refuse(504), refuse(504), refuse(504));
    const ids = await world.export([dialogue()]);
    await world.settled(ids, 'failed');
    world.platform.reply = faithful;
    const [failure] = await world.failures();
    await world.call(`/failures/${String(failure?.id)}/retry`, { method: 'POST' });
    await world.settled(ids, 'confirmed');
    expect(world.platform.titles).toHaveLength(1);
    expect(new Set(world.platform.received.map(({ body }) => body)).size).toBe(1);
    await eventually(() => world.platform.reads.length === 1);
  });
});
