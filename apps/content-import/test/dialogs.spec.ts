import { batch, dialogue, phrase, reservation } from './support/batches.js';
import { startWorld, type World } from './support/world.js';

describe('what was imported', () => {
  let world: World;
  const sent = batch({
    source: 'library',
    dialogues: [
      reservation(),
      dialogue({
        title: 'Catching a train',
        description: 'At the platform',
        accent: 'irish',
        difficulty_level: 'advanced',
      }),
      dialogue({
        title: 'Small talk',
        category_name: 'General',
        phrases: [
          phrase(1, { reference_text: 'How are you?' }),
          phrase(2, { reference_text: 'Could not be better.' }),
        ],
      }),
      dialogue({
        title: 'At the window',
        category_name: 'Travel',
        phrases: [
          phrase(1, { reference_text: 'Two tickets for the train, please.' }),
          phrase(2, { reference_text: 'Single or return — “Économie”, that is…' }),
        ],
      }),
    ],
  });
  beforeAll(async () => {
    world = await startWorld();
    await world.post(sent);
    await world.post(
      batch({
        source: 'other',
        dialogues: [dialogue({ title: 'Renting a car', category_name: 'Travel', accent: 'irish' })],
      }),
    );
  });
  afterAll(() => world.stop());

  const titles = async (query: string): Promise<string[]> => {
    const { status, body } = await world.call(`/api/v1/dialogs${query}`);
    expect(status).toBe(200);
    return (body['items'] as { title: string }[]).map(({ title }) => title);
  };

  it('is listed newest first, with what identifies a dialogue', async () => {
    const { body } = await world.call('/api/v1/dialogs?limit=2');

    expect(body['items']).toEqual([
      expect.objectContaining({ title: 'Renting a car', source: 'other' }),
      {
        id: expect.any(Number) as number,
        title: 'At the window',
        category_id: expect.any(Number) as number,
        category_name: 'Travel',
        difficulty_level: 'beginner',
        description: null,
        accent: null,
        source: 'library',
        batch_id: sent.batch_id,
        phrases_count: 2,
        created_at: expect.any(String) as string,
      },
    ]);
    expect(body['next_cursor']).toEqual(expect.any(String));
  });

  it.each([
    ['?category=General', ['Small talk']],
    ['?category=Travel', ['Renting a car', 'At the window', 'Catching a train']],
    ['?difficulty=advanced', ['Catching a train']],
    ['?accent=irish', ['Renting a car', 'Catching a train']],
    ['?accent=irish&source=library', ['Catching a train']],
    [`?batch=${sent.batch_id}&category=Travel`, ['At the window', 'Catching a train']],
    ['?batch=batch-1999-01-01-000000', []],
    ['?category=Health', []],
  ])('is narrowed by %s', async (query, expected) => {
    expect(await titles(query)).toEqual(expected);
  });

  it.each([
    ['words of the title', 'renting', ['Renting a car']],
    ['words of the description', 'platform', ['Catching a train']],
    ['words of a phrase', 'tickets', ['At the window']],
    ['other forms of a word', 'reserve window', ['Making a Restaurant Reservation']],
    ['words that stand in title and phrases', 'window train', ['At the window']],
    ['words that mean little', 'how are you', ['Small talk']],
    ['a phrase in quotes', '"two people"', ['Making a Restaurant Reservation']],
    ['a phrase in quotes, in this order only', '"people two"', []],
    ['one word but not another', 'train -tickets', ['Catching a train']],
    ['one word or another', 'car or tickets', ['Renting a car', 'At the window']],
    ['a word beside any punctuation, in capitals or not', 'ÉCONOMIE', ['At the window']],
    ['operators of the database as plain text', "zebra' & | ! <-> :* (", []],
  ])('is found by %s', async (_, q, expected) => {
    expect(await titles(`?q=${encodeURIComponent(q)}`)).toEqual(expected);
  });

  it('is paged without gap or repetition, under filters too', async () => {
    const seen: string[] = [];
    const first = '/api/v1/dialogs?q=train%20or%20car&limit=1';
    for (let path: string | null = first; path !== null;) {
      const { body } = await world.call(path);
      seen.push(...(body['items'] as { title: string }[]).map(({ title }) => title));
      const cursor = body['next_cursor'] as string | null;
      path = cursor === null ? null : `${first}&cursor=${cursor}`;
    }

    expect(seen).toEqual(['Renting a car', 'At the window', 'Catching a train']);
  });

  it.each([
    'category=News',
    'difficulty=Beginner',
    'accent=us',
    'q=',
    'q=%20',
    `q=${'x'.repeat(201)}`,
    'q=%00',
    'cursor=x',
    'limit=1.5',
    'offset=1',
  ])('is not listed with %s', async (query) => {
    expect((await world.call(`/api/v1/dialogs?${query}`)).status).toBe(400);
  });

  it('is read with its phrases in order', async () => {
    const { body: page } = await world.call('/api/v1/dialogs?q=reservation');
    const [item] = page['items'] as Record<string, unknown>[];

    const { status, body } = await world.call(`/api/v1/dialogs/${String(item?.['id'])}`);

    expect(status).toBe(200);
    expect(body).toEqual({
      ...item,
      phrases: reservation().phrases.map((given) => ({
        ...given,
        id: expect.any(Number) as number,
        phonetic_transcription: null,
      })),
    });
  });

  it('is not sent again to whoever has it', async () => {
    const { body: page } = await world.call('/api/v1/dialogs?limit=1');
    const path = `/api/v1/dialogs/${String((page['items'] as { id: number }[])[0]?.id)}`;
    const first = await world.call(path);
    const etag = String(first.headers.get('etag'));
    expect(etag).toMatch(/^"[\w-]{20,}"$/);

    const current = await world.call(path, { headers: { 'if-none-match': `"old", ${etag}` } });
    const outdated = await world.call(path, { headers: { 'if-none-match': '"old"' } });

    expect(current.status).toBe(304);
    expect(current.text).toBe('');
    expect(current.headers.get('etag')).toBe(etag);
    expect(outdated.status).toBe(200);
    expect(outdated.text).toBe(first.text);
  });

  it.each([
    ['999999', 404],
    ['2147483647', 404],
    ['2147483648', 400],
    ['0', 400],
    ['x', 400],
    ['1.5', 400],
  ])('is not there under the id %s: %i', async (id, expected) => {
    const { status, body } = await world.call(`/api/v1/dialogs/${id}`);

    expect(status).toBe(expected);
    expect(body['success']).toBe(false);
  });

  it('lists categories, page by page', async () => {
    const first = await world.call('/api/v1/categories?limit=2');
    const second = await world.call(`/api/v1/categories?cursor=${String(first.body['next_cursor'])}`);

    const names = [
      ...(first.body['items'] as { name: string }[]),
      ...(second.body['items'] as { name: string }[]),
    ].map(({ name }) => name);
    expect(names.sort()).toEqual(['General', 'Restaurant', 'Travel']);
    expect(second.body['next_cursor']).toBeNull();
  });
});
