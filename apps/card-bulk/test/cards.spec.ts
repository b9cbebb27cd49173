import { eventually } from '@hornbook/testing';
import { card, cards } from './support/cards.js';
import { startWorld, type World } from './support/world.js';

describe('cards', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterEach(() => world.expectExactLedger());
  afterAll(() => world.stop());

  const list = async (query: string, as: string): Promise<Record<string, unknown>[]> =>
    (await world.call(`/cards?${query}`, { as })).body['items'] as Record<string, unknown>[];
  const titles = async (query: string, as: string): Promise<unknown[]> =>
    (await list(query, as)).map(({ title }) => title);

  it('are listed newest first, page by page, each once', async () => {
    const as = 'pages';
    await world.import(
      cards(7).map((row, n) => ({ ...row, title: `${n}` })),
      {},
      { as },
    );

    const seen: unknown[] = [];
    for (let query = 'limit=3'; query !== '';) {
      const { body } = await world.call(`/cards?${query}`, { as });
      seen.push(...(body['items'] as { title: string }[]).map(({ title }) => title));
      query = body['next_cursor'] === null ? '' : `limit=3&cursor=${body['next_cursor']}`;
    }

    expect(seen).toEqual(['6', '5', '4', '3', '2', '1', '0']);
  });

  it('are found by what they are', async () => {
    const as = 'filters';
    await world.import(
      [
        card({ title: 'a', category: 'GRIT', tags: ['x'], external_id: 'one' }),
        card({ title: 'b', privacy_level: 'PRIVATE', source_url: 'https://example.org/b' }),
      ],
      {},
      { as },
    );

    expect(await titles('category=GRIT', as)).toEqual(['a']);
    expect(await titles('privacy_level=PRIVATE', as)).toEqual(['b']);
    expect(await titles('is_published=true', as)).toEqual(['a']);
    expect(await titles('tag=x', as)).toEqual(['a']);
    expect(await titles('external_id=one', as)).toEqual(['a']);
    expect(await titles('source_url=https%3A%2F%2Fexample.org%2Fb', as)).toEqual(['b']);
  });

  it('are found by their words soon after the import, in any form of the word, and by their owner only', async () => {
    const sent = [
      card({ title: 'Lanterns in the harbour', body: '“Ébène”…' }),
      card({ body: 'nothing of the kind' }),
    ];
    await world.import(sent, {}, { as: 'searcher' });
    await world.import([card({ title: 'A lantern of my own' })], {}, { as: 'other searcher' });

    await eventually(async () => (await titles('q=lantern', 'searcher')).length > 0, {
      description: 'the words to be indexed',
    });

    expect(await titles('q=lantern', 'searcher')).toEqual(['Lanterns in the harbour']);
    expect(await titles('q=harbour+-lantern', 'searcher')).toEqual([]);
    expect(await titles('q=%C3%A9b%C3%A8ne', 'searcher')).toEqual(['Lanterns in the harbour']);
  });

  it('are changed under their ETag, and by nobody who has an older copy', async () => {
    const as = 'changing';
    await world.import([card()], {}, { as });
    const [{ id } = {}] = await list('', as);
    const { headers } = await world.call(`/cards/${String(id)}`, { as });
    const etag = headers.get('etag') ?? '';
    const change = (ifMatch: string | undefined) =>
      world.call(`/cards/${String(id)}`, {
        method: 'PATCH',
        body: { title: 'Changed' },
        headers: ifMatch === undefined ? {} : { 'if-match': ifMatch },
        as,
      });

    const answers = [await change(undefined), await change(etag), await change(etag)];

    expect(answers.map(({ status }) => status)).toEqual([428, 200, 412]);
    expect(await titles('', as)).toEqual(['Changed']);
  });

  it('of somebody else are the same 404 as those that there are not, unless an admin names the owner', async () => {
    const as = 'private person';
    await world.import([card()], {}, { as });
    const [{ id } = {}] = await list('', as);
    const admin = { sub: 'root', owner: 'root', roles: ['admin' as const] };

    const foreign = await world.call(`/cards/${String(id)}`, { as: 'stranger' });
    const named = await world.call(`/cards/${String(id)}?owner=private+person`, { as: 'stranger' });
    const byAdmin = await world.call(`/cards/${String(id)}?owner=private+person`, { as: admin });

    expect([foreign.status, named.status, byAdmin.status]).toEqual([404, 403, 200]);
  });
});
