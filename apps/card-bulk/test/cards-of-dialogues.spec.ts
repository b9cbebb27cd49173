import { ContentBatchImported, type EventData } from '@hornbook/contracts';
import { Database } from '@hornbook/database';
import { Outbox } from '@hornbook/messaging';
import { eventually } from '@hornbook/testing';
import { startWorld, type World } from './support/world.js';

type Imported = EventData<typeof ContentBatchImported>;

let batches = 0;
const batch = (changes: Partial<Imported> = {}): Imported => {
  const n = ++batches;
  return {
    batch_id: `batch-2026-03-02-${String(100_000 + n)}`,
    source: 'automation-pipeline',
    payload_hash: String(n).padStart(64, '0'),
    imported: { dialogues: 2, phrases: 4, categories_created: 0 },
    results: [
      { title: 'Ordering a coffee', dialog_id: n * 10, phrase_ids: [n * 100, n * 100 + 1] },
      { title: 'Asking the way', dialog_id: n * 10 + 1, phrase_ids: [n * 100 + 2, n * 100 + 3] },
    ],
    processed_at: new Date().toISOString(),
    ...changes,
  };
};

/** What content-import does, from an outbox that reaches the same exchange. @returns once it was consumed */
async function tell(world: World, data: Imported): Promise<void> {
  const id = await world.app
    .get(Database)
    .transaction((tx) =>
      world.app.get(Outbox).publish(tx, ContentBatchImported, { key: data.batch_id, data }),
    );
  await eventually(
    async () => (await world.sql('SELECT FROM inbox WHERE message_id = $1', [id])).length === 1,
    { description: 'the batch to be consumed' },
  );
}

const start = (env: Record<string, string>): Promise<World> => startWorld({ env });

describe('cards of imported dialogues', () => {
  let world: World;
  beforeAll(async () => {
    world = await start({
      CARDS_FROM_IMPORTED_DIALOGUES: 'ideas',
      CARDS_FROM_IMPORTED_DIALOGUES_OWNER: 'teachers',
      CARDS_FROM_IMPORTED_DIALOGUES_CATEGORY: 'PROGRAM',
      CARDS_FROM_IMPORTED_DIALOGUES_SOURCES: 'automation-pipeline, textbook',
    });
  });
  afterEach(() => world.expectExactLedger());
  afterAll(() => world.stop());

  const cardsOf = async ({ results }: Imported): Promise<Record<string, unknown>[]> => {
    const found = [];
    for (const { dialog_id } of results) {
      const { body } = await world.call(`/cards?external_id=dialogue-${dialog_id}`, { as: 'teachers' });
      found.push(...(body['items'] as Record<string, unknown>[]));
    }
    return found;
  };

  it('are made one a dialogue, for the owner, privacy level and category of the policy', async () => {
    const imported = batch();

    await tell(world, imported);

    const cards = await cardsOf(imported);
    expect(cards).toHaveLength(2);
    const [{ dialog_id, phrase_ids }] = imported.results as [Imported['results'][number]];
    expect(cards[0]).toMatchObject({
      title: 'Ordering a coffee',
      category: 'PROGRAM',
      privacy_level: 'IDEAS',
      is_published: true,
      source_platform: 'automation-pipeline',
      external_id: `dialogue-${dialog_id}`,
      content_id: String(dialog_id),
      metadata: { batch_id: imported.batch_id, dialog_id, phrase_ids },
    });
  });

  it('are made once, and rewarded once, however often the batch is told of', async () => {
    const imported = batch();
    const balance = async (): Promise<number> =>
      Number((await world.call('/extropy/balance', { as: 'teachers' })).body['balance']);
    const before = await balance();

    await tell(world, imported);
    await Promise.all([tell(world, imported), tell(world, imported), tell(world, imported)]);

    expect(await cardsOf(imported)).toHaveLength(2);
    expect((await balance()) - before).toBe(2);
  });

  it('are not made of batches whose source has not asked for it', async () => {
    const imported = batch({ source: 'somebody-else' });

    await tell(world, imported);

    expect(await cardsOf(imported)).toEqual([]);
  });
});

describe('without a policy', () => {
  let world: World;
  beforeAll(async () => {
    world = await start({});
  });
  afterAll(() => world.stop());

  it('no imported dialogue becomes a card', async () => {
    await tell(world, batch());

    expect(await world.sql('SELECT id FROM cards')).toEqual([]);
  });
});
