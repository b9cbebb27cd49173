import { randomUUID } from 'node:crypto';
import { cards } from './support/cards.js';
import { exportCards, linesOf } from './support/exports.js';
import { startWorld, type World } from './support/world.js';

describe('the bulk delete of seed 002', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterEach(() => world.expectExactLedger());
  afterAll(() => world.stop());

  const idsOf = async (owner: string): Promise<string[]> =>
    (await world.sql<{ id: string }>('SELECT id FROM cards WHERE owner = $1 ORDER BY id', [owner])).map(
      ({ id }) => id,
    );
  const liveOf = async (owner: string): Promise<number> => {
    const sql = 'SELECT count(*)::int AS n FROM cards WHERE owner = $1 AND deleted_at IS NULL';
    const [row] = await world.sql(sql, [owner]);
    return row?.['n'] as number;
  };
  const operate = async (path: string, body: object, as: string) => {
    const accepted = await world.post(path, body, { as });
    if (accepted.status !== 202) throw new Error(`${accepted.status} ${accepted.text}`);
    return world.finished(String(accepted.body['task_id']), { as });
  };

  it('is taken on with the five members of the seed', async () => {
    const { status, body } = await world.post('/bulk/delete', {
      card_ids: [randomUUID(), randomUUID()],
      soft_delete: true,
    });

    expect(status).toBe(202);
    expect(body).toEqual({
      task_id: expect.any(String),
      status: 'PENDING',
      message: 'Bulk delete initiated for 2 cards',
      estimated_duration_seconds: expect.any(Number),
      check_status_url: `/bulk/status/${body['task_id']}`,
    });
    await world.finished(body['task_id']);
  });

  it.each([
    ['/bulk/delete', { card_ids: [] }, 'No card IDs provided for deletion'],
    ['/bulk/delete', {}, 'No card IDs provided for deletion'],
    [
      '/bulk/delete',
      { card_ids: Array.from({ length: 10_001 }, () => 'x') },
      'Maximum 10,000 cards per delete operation',
    ],
    ['/bulk/restore', { card_ids: [] }, 'No card IDs provided for restoration'],
  ])('%s refuses no ids and too many in the words of the seed', async (path, body, detail) => {
    const answer = await world.post(path, body);

    expect(answer.status).toBe(400);
    expect(answer.body['detail']).toBe(detail);
  });

  it('marks cards by default, keeps them out of exports, and takes it back', async () => {
    const as = 'soft';
    await world.import(cards(3), {}, { as });
    const [first = '', second = '', third = ''] = await idsOf(as);

    const deleted = await operate('/bulk/delete', { card_ids: [first, second] }, as);
    const { file } = await exportCards(world, { format: 'ndjson' }, { as });
    const again = await operate('/bulk/delete', { card_ids: [first] }, as);
    const restored = await operate('/bulk/restore', { card_ids: [first, third] }, as);

    expect(deleted.body['result']).toMatchObject({
      cards_deleted: 2,
      cards_failed: 0,
      soft_delete: true,
      errors: [],
      duration_seconds: expect.any(Number),
    });
    expect(linesOf(file).map(({ id }) => id)).toEqual([third]);
    expect(again.body['result']).toMatchObject({ cards_deleted: 0, already_deleted: 1, cards_failed: 0 });
    expect(restored.body['result']).toMatchObject({ cards_restored: 1, not_deleted: 1, cards_failed: 0 });
    expect(await liveOf(as)).toBe(2);
  });

  it('removes cards for good when told to; what they earned stays', async () => {
    const as = 'hard';
    await world.import(cards(7), {}, { as });
    const ids = await idsOf(as);

    const { body } = await operate('/bulk/delete', { card_ids: ids, soft_delete: false }, as);
    const { body: balance } = await world.call('/extropy/balance', { as });
    const restored = await operate('/bulk/restore', { card_ids: ids }, as);

    expect(body['result']).toMatchObject({ cards_deleted: 7, soft_delete: false });
    expect(await idsOf(as)).toEqual([]);
    expect(balance['balance']).toBe('7.00000000');
    expect(restored.body['result']).toMatchObject({ cards_restored: 0, cards_failed: 7 });
  });

  it.each([true, false])(
    'tells no foreign card from one that there is not (soft_delete %s)',
    async (soft) => {
      const as = `mine-${soft}`;
      await world.import(cards(1), {}, { as });
      await world.import(cards(1), {}, { as: `theirs-${soft}` });
      const [own = ''] = await idsOf(as);
      const [foreign = ''] = await idsOf(`theirs-${soft}`);
      const sent = [own, foreign, randomUUID(), 'no id', own];

      const { body } = await operate('/bulk/delete', { card_ids: sent, soft_delete: soft }, as);

      const error = { error: 'Card not found', code: 'not_found' };
      expect(body).toMatchObject({ status: 'SUCCESS', outcome: 'partial' });
      expect(body['result']).toMatchObject({ cards_deleted: 1, already_deleted: 1, cards_failed: 3 });
      expect(body['result'].errors).toEqual(
        [1, 2, 3].map((index) => ({ card_id: sent[index], index, ...error })),
      );
      expect(await liveOf(`theirs-${soft}`)).toBe(1);
    },
  );

  it('deletes more ids than one chunk has, each once', async () => {
    const as = 'ten thousand';
    await world.import(cards(10_000), {}, { as });
    const ids = await idsOf(as);

    const { body } = await operate('/bulk/delete', { card_ids: ids }, as);

    expect(body).toMatchObject({ progress: { current: 10_000, total: 10_000, percent: 100 } });
    expect(body['result']).toMatchObject({ cards_deleted: 10_000, already_deleted: 0 });
    expect(await liveOf(as)).toBe(0);
  });

  describe('by a filter', () => {
    it('deletes what it matches when the count is confirmed', async () => {
      const as = 'filter';
      await world.import([...cards(6_001), ...cards(2, { category: 'GRIT' })], {}, { as });

      const { body } = await operate(
        '/bulk/delete',
        { filter: { categories: ['BUSINESS'] }, confirm_count: 6_001 },
        as,
      );

      expect(body['result']).toMatchObject({ cards_deleted: 6_001, cards_failed: 0 });
      expect(await liveOf(as)).toBe(2);
    });

    it.each([2, 4])('deletes nothing when %i are expected and 3 are there', async (confirm_count) => {
      const as = `miscounted-${confirm_count}`;
      await world.import(cards(3), {}, { as });

      const { status, body } = await world.post('/bulk/delete', { filter: {}, confirm_count }, { as });

      expect(status).toBe(409);
      expect(body).toMatchObject({ code: 'conflict', matching_cards: 3 });
      expect(await liveOf(as)).toBe(3);
      const tasks = await world.call('/bulk/tasks?kind=delete', { as });
      expect(tasks.body['items']).toEqual([]);
    });

    it('answers a repeated request with its task, though its cards are gone by then', async () => {
      const call = { as: 'repeated', headers: { 'idempotency-key': 'wipe' } };
      await world.import(cards(3), {}, { as: call.as });
      const request = { filter: {}, confirm_count: 3, soft_delete: false };

      const first = await world.post('/bulk/delete', request, call);
      await world.finished(first.body['task_id'], { as: call.as });
      const again = await world.post('/bulk/delete', request, call);

      expect(again.status).toBe(202);
      expect(again.body['task_id']).toBe(first.body['task_id']);
    });

    it.each([
      [{ filter: {} }, 'confirm_count'],
      [{ filter: {}, confirm_count: 0, card_ids: [] }, 'filter'],
      [{ card_ids: [randomUUID()], confirm_count: 1 }, 'confirm_count'],
      [{ filter: { everything: true }, confirm_count: 1 }, 'everything'],
    ])('refuses %j by the name of the member', async (request, field) => {
      const { status, body } = await world.post('/bulk/delete', request);

      expect(status).toBe(400);
      expect(JSON.stringify(body['details'])).toContain(field);
    });
  });
});
