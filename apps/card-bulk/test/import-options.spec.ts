import { card, cards, type SentCard } from './support/cards.js';
import { importFile, ndjson } from './support/uploads.js';
import { startWorld, type Answer, type World } from './support/world.js';

const bad = { title: '', body: 'x' };

/** The two ways in: what the options mean does not depend on it. */
const ways = ['json', 'file'] as const;

describe.each(ways)('the options of an import by %s', (way) => {
  let world: World;
  let owners = 0;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterEach(() => world.expectExactLedger());
  afterAll(() => world.stop());

  const someone = (): string => `${way}-${++owners}`;
  const send = (rows: readonly unknown[], options: Record<string, unknown>, as: string): Promise<Answer> => {
    if (way === 'json') return world.import(rows, options, { as });
    const query = Object.fromEntries(Object.entries(options).map(([name, value]) => [name, String(value)]));
    return importFile(world, 'ndjson', ndjson(rows), { as, query });
  };
  const cardsOf = (owner: string) =>
    world.sql('SELECT * FROM cards WHERE owner = $1 AND deleted_at IS NULL ORDER BY id', [owner]);

  describe('on_error', () => {
    const rows = [...cards(1_500), bad, ...cards(1_000), bad, card()];

    it('continue: every bad row costs itself', async () => {
      const as = someone();
      const { body } = await send(rows, { on_error: 'continue' }, as);

      expect(body).toMatchObject({ status: 'SUCCESS', outcome: 'partial' });
      expect(body['result']).toMatchObject({ cards_imported: 2_501, cards_failed: 2 });
      expect(await cardsOf(as)).toHaveLength(2_501);
    });

    it('abort: ends at the first bad row; what came before it stays', async () => {
      const as = someone();
      const { body } = await send(rows, { on_error: 'abort' }, as);

      expect(body).toMatchObject({ status: 'FAILURE', error_code: 'row_failed', outcome: 'partial' });
      expect(body['error']).toContain('1500');
      expect(body['result']).toMatchObject({ cards_imported: 1_500, cards_failed: 1 });
      expect(await cardsOf(as)).toHaveLength(1_500);
    });

    it('atomic: nothing is imported or rewarded, and all bad rows are told', async () => {
      const as = someone();
      const { body } = await send(rows, { on_error: 'atomic' }, as);

      expect(body).toMatchObject({ status: 'FAILURE', error_code: 'rows_failed', outcome: 'none' });
      expect(body['result']).toMatchObject({
        cards_imported: 0,
        cards_failed: 2,
        extropy_earned: '0.00000000',
      });
      expect((body['result'].errors as { index: number }[]).map(({ index }) => index)).toEqual([
        1_500, 2_501,
      ]);
      expect(await cardsOf(as)).toEqual([]);
      expect((await world.call('/extropy/balance', { as })).body['balance']).toBe('0.00000000');
    });

    it('atomic: without a bad row it is like any import', async () => {
      const as = someone();
      const { body } = await send(cards(2_100), { on_error: 'atomic' }, as);

      expect(body).toMatchObject({ status: 'SUCCESS', outcome: 'complete' });
      expect(await cardsOf(as)).toHaveLength(2_100);
    });
  });

  describe('on_duplicate', () => {
    const key = (way: string): SentCard =>
      ({
        external_id: { external_id: 'e-1' },
        source_url: { source_url: 'https://example.org/1' },
        content: { title: 'The same', body: 'content' },
      })[way] ?? {};
    const keys = ['external_id', 'source_url', 'content'];

    it.each(keys)('insert: cards with one %s are several', async (name) => {
      const as = someone();
      const { body } = await send([card(key(name)), card(key(name))], {}, as);

      expect(body['result']).toMatchObject({ cards_imported: 2, cards_skipped: 0 });
    });

    it.each(keys)(
      'skip: of cards with one %s the first one stays, in the file and before it',
      async (name) => {
        const as = someone();
        const first = card({ ...key(name), tags: ['first'] });
        await send([first], {}, as);
        const { body } = await send(
          [
            card({ ...key(name), tags: ['again'] }),
            card({ external_id: 'n', title: 'new' }),
            card({ external_id: 'n' }),
          ],
          { on_duplicate: 'skip' },
          as,
        );

        expect(body).toMatchObject({ status: 'SUCCESS', outcome: 'complete' });
        expect(body['result']).toMatchObject({ cards_imported: 1, cards_skipped: 2, cards_failed: 0 });
        expect((await cardsOf(as)).map(({ tags }) => tags as unknown)).toEqual([['first'], ['test']]);
      },
    );

    it.each(keys)('update: of cards with one %s the last one counts, and earns once', async (name) => {
      const as = someone();
      const text = name === 'content' ? {} : { title: 'old' };
      await send([card({ ...text, ...key(name), tags: ['old'] })], {}, as);
      const changed = ['a', 'b'].map((tag) => card({ ...text, ...key(name), tags: [tag] }));
      const { body } = await send(changed, { on_duplicate: 'update' }, as);

      expect(body['result']).toMatchObject({ cards_imported: 0, cards_updated: 2, cards_published: 0 });
      expect((await cardsOf(as)).map(({ tags }) => tags as unknown)).toEqual([['b']]);
      expect((await world.call('/extropy/balance', { as })).body['balance']).toBe('1.00000000');
    });

    it.each(keys)('error: cards with one %s are row errors that name the other card', async (name) => {
      const as = someone();
      await send([card(key(name))], {}, as);
      const [existing] = await cardsOf(as);
      const { body } = await send(
        [card(key(name)), card({ external_id: 'n', title: 'new' }), card({ external_id: 'n' })],
        { on_duplicate: 'error' },
        as,
      );

      expect(body['result']).toMatchObject({ cards_imported: 1, cards_failed: 2 });
      expect(body['result'].errors).toMatchObject([
        { index: 0, code: 'duplicate_existing', error: expect.stringContaining(String(existing?.['id'])) },
        { index: 2, code: 'duplicate_in_file' },
      ]);
    });

    it('looks for duplicates by the key that match_on names, and by no other', async () => {
      const as = someone();
      await send([card({ external_id: 'x', source_url: 'https://example.org/x' })], {}, as);
      const sent = [card({ external_id: 'y', source_url: 'https://example.org/x' })];

      const byId = await send(sent, { on_duplicate: 'skip', match_on: 'external_id' }, as);
      const byUrl = await send(sent, { on_duplicate: 'skip', match_on: 'source_url' }, as);

      expect(byId.body['result']).toMatchObject({ cards_imported: 1, cards_skipped: 0 });
      expect(byUrl.body['result']).toMatchObject({ cards_imported: 0, cards_skipped: 1 });
    });

    it('takes no card of another owner for a duplicate', async () => {
      const [one, other] = [someone(), someone()];
      await send([card(key('external_id'))], {}, one);
      const { body } = await send([card(key('external_id'))], { on_duplicate: 'skip' }, other);

      expect(body['result']).toMatchObject({ cards_imported: 1, cards_skipped: 0 });
    });
  });

  it('dry_run: tells what would happen, duplicates included, and writes nothing', async () => {
    const as = someone();
    await send([card({ external_id: 'there' })], {}, as);
    const rows = [card({ external_id: 'there' }), ...cards(1_200), bad];

    const dry = await send(rows, { dry_run: true, on_duplicate: 'skip' }, as);
    const before = await cardsOf(as);
    const real = await send(rows, { on_duplicate: 'skip' }, as);

    const counts = { cards_imported: 1_200, cards_skipped: 1, cards_failed: 1, cards_published: 1_200 };
    expect(before).toHaveLength(1);
    expect(dry.body['result']).toMatchObject({ ...counts, dry_run: true });
    expect(real.body['result']).toMatchObject({ ...counts, dry_run: false });
    expect(dry.body['result'].errors).toMatchObject([{ index: 1_201, field: 'title' }]);
  });

  it('max_errors: ends once more rows than that have failed', async () => {
    const as = someone();
    const rows = [...cards(10), bad, bad, bad, ...cards(1_500)];

    const within = await send(rows, { max_errors: 3 }, as);
    const beyond = await send(rows, { max_errors: 2 }, as);

    expect(within.body).toMatchObject({ status: 'SUCCESS' });
    expect(beyond.body).toMatchObject({ status: 'FAILURE', error_code: 'too_many_errors' });
    expect(beyond.body['result']).toMatchObject({ cards_failed: 3 });
    expect(beyond.body['result'].cards_imported).toBeLessThan(1_510);
  });
});
