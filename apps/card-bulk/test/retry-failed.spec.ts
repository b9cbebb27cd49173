import { card, cards } from './support/cards.js';
import { startWorld, type Answer, type World } from './support/world.js';

describe('a retry of what failed', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterEach(() => world.expectExactLedger());
  afterAll(() => world.stop());

  const retry = (id: unknown, as: string, key?: string): Promise<Answer> =>
    world.post(`/bulk/tasks/${String(id)}/retry-failed`, undefined, {
      as,
      ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }),
    });
  const titles = async (owner: string): Promise<unknown[]> =>
    (await world.sql('SELECT title FROM cards WHERE owner = $1 ORDER BY title', [owner])).map(({ title }) =>
      String(title),
    );

  it('imports the failed rows once what stood in their way is gone, and no other row', async () => {
    const as = 'mends';
    const there = [card({ external_id: 'a', title: 'A' }), card({ external_id: 'b', title: 'B' })];
    await world.import(there, {}, { as });
    const sent = [...there, card({ title: 'C', external_id: 'c' }), card({ title: '', external_id: 'd' })];
    const first = await world.import(sent, { on_duplicate: 'error' }, { as });
    expect(first.body['result']).toMatchObject({ cards_imported: 1, cards_failed: 3 });
    const { body: page } = await world.call('/cards?external_id=a', { as });
    await world.call(`/cards/${page['items'][0].id}?hard=true`, {
      method: 'DELETE',
      as,
      headers: { 'if-match': '*' },
    });

    const accepted = await retry(first.body['task_id'], as);
    const { body } = await world.finished(accepted.body['task_id'], { as });

    expect(accepted.status).toBe(202);
    expect(accepted.body['message']).toBe(
      `Bulk import initiated for 3 failed rows of task ${first.body['task_id']}`,
    );
    expect(accepted.headers.get('location')).toBe(accepted.body['check_status_url']);
    expect(body).toMatchObject({
      status: 'SUCCESS',
      progress: { current: 3, total: 3 },
      result: { cards_imported: 1, cards_failed: 2 },
    });
    expect(body['result'].errors).toMatchObject([
      { index: 1, code: 'duplicate_existing' },
      { index: 2, field: 'title', code: 'too_short' },
    ]);
    expect(await titles(as)).toEqual(['A', 'B', 'C']);
  });

  it('counts a row with many faults once, and rows that are no cards at all', async () => {
    const as = 'counts';
    const first = await world.import(
      ['text', null, 7, { title: '', body: 1, colour: 'red' }, card()],
      {},
      { as },
    );

    const { body: accepted } = await retry(first.body['task_id'], as);
    const { body } = await world.finished(accepted['task_id'], { as });

    expect(body).toMatchObject({ progress: { total: 4 }, result: { cards_imported: 0, cards_failed: 4 } });
  });

  it('keeps the options of the first time', async () => {
    const as = 'options';
    const sent = [card({ title: '' }), card({ title: '' })];
    const first = await world.import(sent, { dry_run: true, max_errors: 5 }, { as });

    const { body: accepted } = await retry(first.body['task_id'], as);
    const { body } = await world.finished(accepted['task_id'], { as });

    expect(body['result']).toMatchObject({ dry_run: true, cards_failed: 2 });
  });

  it('takes thousands of rows in their order', async () => {
    const as = 'thousands';
    const sent = cards(2_500, { privacy_level: 'SECRET' });
    const first = await world.import(sent, {}, { as });

    const { body: accepted } = await retry(first.body['task_id'], as);
    const { body } = await world.finished(accepted['task_id'], { as });

    expect(body['result']).toMatchObject({ cards_failed: 2_500 });
    const { errors } = body['result'] as { errors: { index: number; title: string }[] };
    expect(errors.map(({ index, title }) => [index, title])).toEqual(
      sent.slice(0, 100).map(({ title }, index) => [index, title]),
    );
  });

  it('is one retry under one key', async () => {
    const as = 'keyed';
    const first = await world.import([card({ title: '' })], {}, { as });

    const answers = await Promise.all([1, 2, 3].map(() => retry(first.body['task_id'], as, 'again')));

    expect(new Set(answers.map(({ body }) => String(body['task_id']))).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === 'true')).toHaveLength(2);
    await world.finished(answers[0]!.body['task_id'], { as });
  });

  it('does ids of a delete again', async () => {
    const as = 'deletes';
    const unknown = '019cb3a1-7c1e-7000-8000-5d1f6b9a0c11';
    const accepted = await world.post('/bulk/delete', { card_ids: [unknown] }, { as });
    const first = await world.finished(accepted.body['task_id'], { as });

    const { body: again } = await retry(first.body['task_id'], as);
    const { body } = await world.finished(again['task_id'], { as });

    expect(body['result']).toMatchObject({ cards_deleted: 0, cards_failed: 1, soft_delete: true });
    expect(body['result'].errors).toMatchObject([{ card_id: unknown, code: 'not_found' }]);
  });

  it.each([
    ['none of its rows have failed', [card()], {}],
    ['nothing of an atomic import was kept', [card({ title: '' })], { on_error: 'atomic' }],
  ])('is refused when %s', async (reason, sent, options) => {
    const as = 'refused';
    const first = await world.import(sent, options, { as });

    const { status, body } = await retry(first.body['task_id'], as);

    expect([status, body['code']]).toEqual([409, 'conflict']);
    expect(body['detail']).toContain(reason);
  });

  it('is refused while the operation runs', async () => {
    const as = 'running';
    const run_at = new Date(Date.now() + 3_600_000).toISOString();
    const { body } = await world.post('/bulk/import', { cards: cards(1), run_at }, { as });

    expect((await retry(body['task_id'], as)).body['detail']).toContain('it is PENDING');
    await world.call(`/bulk/tasks/${body['task_id']}`, { method: 'DELETE', as });
  });
});
