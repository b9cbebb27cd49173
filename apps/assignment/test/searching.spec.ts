import fc from 'fast-check';
import pg from 'pg';
import { wordQuery, wordVector } from '../src/items/words.js';
import { makeItem, pathOf, startWorld, unique, type Row, type World } from './support/world.js';

describe('searching ground truths', () => {
  let world: World;
  let dataset: string;
  const texts = {
    greeting: 'Sie sagte: “Schöne Grüße” — und ging…',
    coffee: 'Un café à l’ÉCOLE, s’il vous plaît',
    decomposed: 'Un cafe\u0301 sans sucre',
    station: 'Where is the well-known station in the old town?',
    town: 'The old station is well hidden, an unknown town',
    long: `${'x'.repeat(3_000)} zebra`,
  };

  beforeAll(async () => {
    world = await startWorld();
    dataset = unique('search');
    await world.importItems(
      Object.entries(texts).map(([id, answer]) => makeItem(dataset, { id, answer, synthQuestion: 'Why' })),
    );
  });
  afterAll(() => world.stop());

  const find = async (q: string): Promise<string[]> => {
    const { body } = await world.call(`/v1/ground-truths?dataset=${dataset}&q=${encodeURIComponent(q)}`);
    return (body.items as Row[]).map(({ id }) => id).sort();
  };

  it.each([
    ['grüße', ['greeting']],
    ['GRÜSSE', []],
    ['GRÜßE ging', ['greeting']],
    ['école', ['coffee']],
    ['CAFÉ', ['coffee', 'decomposed']],
    ['cafe\u0301 -sucre', ['coffee']],
    ['station', ['station', 'town']],
    ['"old station"', ['town']],
    ['“old station”', ['station', 'town']],
    ['well-known', ['station']],
    ['well known', ['station']],
    ['station -"old town"', ['town']],
    ['zebra OR sucre', ['decomposed', 'long']],
    ['sucre or ging sagte', ['decomposed', 'greeting']],
    ['or zebra or', ['long']],
    ['"zebra', ['long']],
    ["zebra' & | ! ( : \\ <->", ['long']],
    ['— …', []],
    ['-why', []],
    ['xxx', []],
  ])('%s finds %j', async (q, ids) => {
    expect(await find(q)).toEqual(ids);
  });

  it('follows an edit', async () => {
    const other = unique('search-edit');
    await world.importItems([makeItem(other, { answer: 'Before' })]);
    const [row] = (await world.call(`/v1/ground-truths?dataset=${other}`)).body.items as [Row];
    const edit = { method: 'PUT', body: { answer: 'Über Nacht' }, headers: { 'If-Match': row.etag } };
    expect((await world.call(pathOf(row, 'ground-truths'), edit)).status).toBe(200);
    const count = async (q: string): Promise<number> => {
      const { body } = await world.call(`/v1/ground-truths?dataset=${other}&q=${encodeURIComponent(q)}`);
      return (body.items as Row[]).length;
    };
    expect(await count('ÜBER')).toBe(1);
    expect(await count('before')).toBe(0);
  });

  it('finds any text by itself: the database takes whatever words it is given', async () => {
    const client = new pg.Client({ connectionString: world.database.adminUrl });
    await client.connect();
    try {
      const texts = fc.sample(fc.string({ unit: 'binary', maxLength: 60 }), { numRuns: 2_000, seed: 7 });
      const { rows } = await client.query<{ found: boolean; query: string }>(
        `SELECT vector::tsvector @@ query::tsquery AS found, query
           FROM unnest($1::text[], $2::text[]) AS given (vector, query)`,
        [texts.map(wordVector), texts.map((text) => wordQuery(`"${text.replaceAll('"', ' ')}"`))],
      );
      expect(rows.filter(({ found, query }) => query !== '' && !found)).toEqual([]);
      expect(rows.filter(({ query }) => query !== '').length).toBeGreaterThan(500);
    } finally {
      await client.end();
    }
  });
});
