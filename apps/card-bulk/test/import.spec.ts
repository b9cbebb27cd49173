import { card, cards } from './support/cards.js';
import { startWorld, type World } from './support/world.js';

describe('the bulk import of seed 002', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterEach(() => world.expectExactLedger());
  afterAll(() => world.stop());

  it('takes cards on with the five members of the seed, and says where to look', async () => {
    const { status, body, headers } = await world.post('/bulk/import', { cards: cards(3) });

    expect(status).toBe(202);
    expect(body).toEqual({
      task_id: expect.any(String),
      status: 'PENDING',
      message: 'Bulk import initiated for 3 cards',
      estimated_duration_seconds: expect.any(Number),
      check_status_url: `/bulk/status/${body['task_id']}`,
    });
    expect(headers.get('location')).toBe(body['check_status_url']);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    await world.finished(body['task_id']);
  });

  it('imports, publishes and rewards, and tells so as the seed does', async () => {
    const owner = 'momentum';
    const example = {
      title: 'How to Build Momentum',
      body: 'The key to building momentum is...',
      category: 'BUSINESS',
      privacy_level: 'BUSINESS',
      tags: ['business', 'growth'],
      source_platform: 'twitter',
      source_url: 'https://twitter.com/user/status/123',
      metadata: {},
    };

    const { body } = await world.import([example, card({ privacy_level: 'PRIVATE' })], {}, { as: owner });

    expect(body).toMatchObject({
      status: 'SUCCESS',
      outcome: 'complete',
      progress: { current: 2, total: 2, percent: 100 },
      result: {
        cards_imported: 2,
        cards_failed: 0,
        cards_published: 1,
        extropy_earned: '1.00000000',
        errors: [],
        duration_seconds: expect.any(Number),
      },
      completed_at: expect.stringMatching(/Z$/),
    });
    const { body: page } = await world.call('/cards', { as: owner });
    const cards = page['items'] as { id: string; title: string; published_url: string }[];
    const published = cards.find(({ title }) => title === example.title);
    expect(published).toMatchObject({ ...example, is_published: true });
    expect(published?.published_url).toBe(
      `https://extrophi.ai/cards/how-to-build-momentum-${published?.id.slice(-8)}`,
    );
    const { body: balance } = await world.call('/extropy/balance', { as: owner });
    expect(balance).toMatchObject({ owner, balance: '1.00000000' });
    const { body: ledger } = await world.call('/extropy/ledger', { as: owner });
    expect(ledger['items']).toMatchObject([
      {
        from_user: null,
        to_user: owner,
        amount: '1.00000000',
        card_id: published?.id,
        balance_after: '1.00000000',
        description: 'Published card: How to Build Momentum',
        metadata: { bulk_import: true },
      },
    ]);
  });

  it('publishes by the flags and takes every category of both vocabularies', async () => {
    const owner = 'flags';
    const categories = ['UNASSIMILATED', 'PROGRAM', 'CATEGORIZED', 'GRIT', 'TOUGH', 'JUNK', 'BUSINESS'];
    const sent = [
      ...categories.map((category) => card({ category, privacy_level: 'IDEAS' })),
      card({ privacy_level: 'BUSINESS' }),
      card({ privacy_level: 'PERSONAL' }),
    ];

    const { body } = await world.import(sent, { publish_business: false }, { as: owner });

    expect(body['result']).toMatchObject({
      cards_imported: 9,
      cards_published: 7,
      extropy_earned: '7.00000000',
    });
  });

  it.each([
    [[], 'No cards provided for import'],
    [Array.from({ length: 10_001 }, () => ({})), 'Maximum 10,000 cards per import operation'],
  ])('refuses no cards and too many in the words of the seed', async (sent, detail) => {
    const { status, body } = await world.post('/bulk/import', { cards: sent });

    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'validation_error', detail });
  });

  it('answers 401 in the words of the seed', async () => {
    const { status, body } = await world.post('/bulk/import', { cards: cards(1) }, { as: null });

    expect(status).toBe(401);
    expect(body['detail']).toBe('Invalid or missing API key');
  });

  it('loses one row to one bad row, and says where it is and why', async () => {
    const owner = 'one-bad';
    const sent: unknown[] = cards(2_500);
    sent[1_234] = { ...card(), title: '', privacy_level: 'SECRET' };

    const { body } = await world.import(sent, {}, { as: owner });

    expect(body).toMatchObject({
      status: 'SUCCESS',
      outcome: 'partial',
      result: {
        cards_imported: 2_499,
        cards_failed: 1,
        cards_published: 2_499,
        extropy_earned: '2499.00000000',
      },
    });
    expect(body['result'].errors).toMatchObject([
      { index: 1_234, field: 'title', code: 'too_short' },
      { index: 1_234, field: 'privacy_level', code: 'invalid_value' },
    ]);
    const [{ count }] = (await world.sql('SELECT count(*)::int FROM cards WHERE owner = $1', [owner])) as [
      { count: number },
    ];
    expect(count).toBe(2_499);
  });

  it('imports 10,000 cards', async () => {
    const owner = 'many';
    const sent = Array.from({ length: 10_000 }, (_, n) =>
      card({ privacy_level: n % 2 ? 'BUSINESS' : 'PRIVATE' }),
    );

    const { body } = await world.import(sent, {}, { as: owner });

    expect(body['result']).toMatchObject({
      cards_imported: 10_000,
      cards_published: 5_000,
      extropy_earned: '5000.00000000',
    });
  });
});
