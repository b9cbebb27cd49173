import { BulkTaskFinished, CardPublished, type EventData } from '@hornbook/contracts';
import { eventually } from '@hornbook/testing';
import { card, cards } from './support/cards.js';
import { listenToEvents, type EventListener } from './support/events.js';
import { startWorld, type World } from './support/world.js';

type Published = EventData<typeof CardPublished>;
type Finished = EventData<typeof BulkTaskFinished>;

describe('events of bulk operations', () => {
  let world: World;
  let listener: EventListener;
  beforeAll(async () => {
    world = await startWorld();
    listener = await listenToEvents(world.namespace);
  });
  afterEach(() => world.expectExactLedger());
  afterAll(async () => {
    await listener.close();
    await world.stop();
  });

  const publishedOf = (owner: string): Published[] =>
    listener.of<Published>(CardPublished).filter((event) => event.owner === owner);
  const finishedOf = (owner: string): Finished[] =>
    listener.of<Finished>(BulkTaskFinished).filter((event) => event.owner === owner);

  it('tell of every published card once, hundreds of them to an event', async () => {
    const owner = 'published';
    const sent = [...cards(1_300), ...cards(200, { privacy_level: 'PRIVATE' })];

    const { body } = await world.import(sent, {}, { as: owner });
    await eventually(() => finishedOf(owner).length === 1);

    const events = publishedOf(owner);
    const told = events.flatMap((event) => event.cards.map(({ card_id }) => card_id));
    const stored = await world.sql<{ id: string }>('SELECT id FROM cards WHERE owner = $1 AND is_published', [
      owner,
    ]);
    expect(told.toSorted()).toEqual(stored.map(({ id }) => id).toSorted());
    expect(told).toHaveLength(1_300);
    expect(events.length).toBeLessThanOrEqual(4);
    expect(new Set(events.map(({ task_id }) => task_id))).toEqual(new Set([body['task_id']]));
    expect(events[0]!.cards[0]).toEqual({
      card_id: expect.any(String),
      published_url: expect.stringMatching(/^https:\/\/extrophi\.ai\/cards\/card-\d+-[0-9a-f]{8}$/),
      privacy_level: 'BUSINESS',
      category: 'BUSINESS',
    });
  });

  it('are some to an import of 10,000 cards, not one a card', async () => {
    const owner = 'ten-thousand';

    await world.import(cards(10_000), {}, { as: owner });
    await eventually(() => finishedOf(owner).length === 1);

    const [row] = await world.sql<{ events: number }>(
      `SELECT count(*)::integer AS events FROM outbox WHERE event = $1 AND data->>'owner' = $2`,
      [CardPublished.name, owner],
    );
    expect(row?.events).toBe(20);
  });

  it('tell of the end of an operation with its sums', async () => {
    const owner = 'finished';

    const { body } = await world.import([card(), card({ title: '' })], {}, { as: owner });

    const [event] = await eventually(() => finishedOf(owner).length === 1 && finishedOf(owner));
    expect(event).toEqual({
      task_id: body['task_id'],
      kind: 'import',
      owner,
      status: 'SUCCESS',
      counters: body['counters'],
      error: null,
      finished_at: body['completed_at'],
    });
    expect(event?.counters).toMatchObject({ cards_imported: 1, cards_failed: 1 });
  });

  it('tell why an operation failed, and of no card that it did not keep', async () => {
    const owner = 'failed';

    await world.import([card(), card({ title: '' })], { on_error: 'atomic' }, { as: owner });

    const [event] = await eventually(() => finishedOf(owner).length === 1 && finishedOf(owner));
    expect(event).toMatchObject({ status: 'FAILURE', error: { code: 'rows_failed' } });
    expect(publishedOf(owner)).toEqual([]);
  });

  it('say nothing of a dry run but that it ended', async () => {
    const owner = 'dry';

    await world.import(cards(3), { dry_run: true }, { as: owner });

    await eventually(() => finishedOf(owner).length === 1);
    expect(publishedOf(owner)).toEqual([]);
  });

  it('tell of a single card that is published by a change, and again when it is published again', async () => {
    const owner = 'one';
    await world.import([card({ privacy_level: 'BUSINESS' })], { publish_business: false }, { as: owner });
    const { body: page } = await world.call('/cards', { as: owner });
    const { id } = page['items'][0] as { id: string };
    const patch = (is_published: boolean): Promise<unknown> =>
      world.call(`/cards/${id}`, {
        method: 'PATCH',
        body: { is_published },
        headers: { 'if-match': '*' },
        as: owner,
      });

    await patch(true);
    await patch(false);
    await patch(true);

    await eventually(() => publishedOf(owner).length === 2);
    expect(publishedOf(owner).map(({ cards: told }) => told.map(({ card_id }) => card_id))).toEqual([
      [id],
      [id],
    ]);
    const { body: balance } = await world.call('/extropy/balance', { as: owner });
    expect(balance['balance']).toBe('1.00000000');
  });
});
