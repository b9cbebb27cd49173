import { batch, dialogue, phrase, reservation } from './support/batches.js';
import { startWorld, type World } from './support/world.js';

describe('a bulk import', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  it("answers the seed's example with the seed's 201 body", async () => {
    await world.post(batch({ dialogues: [dialogue({ category_name: 'Restaurant' })] }));
    const sent = batch({ dialogues: [reservation()], source: 'automation-pipeline' });

    const answer = await world.post(sent, { headers: { 'X-Batch-Id': sent.batch_id } });

    expect(answer.status).toBe(201);
    const dialogId = Number((answer.body['results'] as { dialog_id: number }[])[0]?.dialog_id);
    const rows = await world.sql<{ id: number }>(
      'SELECT id FROM phrases WHERE dialog_id = $1 ORDER BY "order"',
      [dialogId],
    );
    expect(answer.body).toEqual({
      success: true,
      batch_id: sent.batch_id,
      imported: { dialogues: 1, phrases: 6, categories_created: 0 },
      results: [
        {
          title: 'Making a Restaurant Reservation',
          dialog_id: dialogId,
          phrase_ids: rows.map(({ id }) => id),
        },
      ],
      processed_at: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/) as string,
    });
    expect(Object.keys(answer.body)).toEqual(['success', 'batch_id', 'imported', 'results', 'processed_at']);
    expect(answer.headers.get('location')).toBe(`/api/v1/admin/bulk-import/${sent.batch_id}`);
  });

  it('stores every member of a dialogue and of its phrases', async () => {
    const sent = batch({
      source: 'night-run',
      dialogues: [
        dialogue({
          title: 'At the doctor',
          category_name: 'Health',
          difficulty_level: 'advanced',
          description: 'A sore throat',
          accent: 'south_african',
          phrases: [
            phrase(1, {
              reference_text: 'Where does it hurt?',
              difficulty: 'beginner',
              speaker: 'A',
              phonetic_transcription: 'wɛə dʌz ɪt hɜːt',
            }),
            phrase(2, { reference_text: 'Here, when I swallow.', speaker: 'B' }),
          ],
        }),
      ],
    });

    expect((await world.post(sent)).status).toBe(201);

    const dialogs = await world.sql(
      `SELECT dialogs.id, title, categories.name AS category, categories.description AS category_description,
         difficulty_level, dialogs.description, accent, dialogs.source, batch_id
       FROM dialogs JOIN categories ON categories.id = category_id JOIN import_batches ON import_batches.id = import_batch_id
       WHERE title = 'At the doctor'`,
    );
    expect(dialogs).toEqual([
      {
        id: expect.any(Number) as number,
        title: 'At the doctor',
        category: 'Health',
        category_description: 'Auto-created category for Health',
        difficulty_level: 'advanced',
        description: 'A sore throat',
        accent: 'south_african',
        source: 'night-run',
        batch_id: sent.batch_id,
      },
    ]);
    const phrases = await world.sql(
      'SELECT reference_text, "order", difficulty, speaker, phonetic_transcription FROM phrases WHERE dialog_id = $1 ORDER BY "order"',
      [dialogs[0]?.['id']],
    );
    expect(phrases).toEqual([
      {
        reference_text: 'Where does it hurt?',
        order: 1,
        difficulty: 'beginner',
        speaker: 'A',
        phonetic_transcription: 'wɛə dʌz ɪt hɜːt',
      },
      // A phrase without a difficulty takes its dialogue's.
      {
        reference_text: 'Here, when I swallow.',
        order: 2,
        difficulty: 'advanced',
        speaker: 'B',
        phonetic_transcription: null,
      },
    ]);
  });

  it('hands back ids in the order of the payload, also for dialogues with one title', async () => {
    const dialogues = Array.from({ length: 50 }, (_, index) =>
      dialogue({
        title: 'The same title',
        description: `dialogue ${String(index)}`,
        phrases: Array.from({ length: 2 + (index % 11) }, (_unused, place) =>
          phrase(place + 1, { reference_text: `Sentence ${String(place)} of ${String(index)}` }),
        ),
      }),
    );

    const { status, body } = await world.post(batch({ dialogues }));

    expect(status).toBe(201);
    const results = body['results'] as { dialog_id: number; phrase_ids: number[] }[];
    const stored = await world.sql<{ id: number; description: string }>(
      'SELECT id, description FROM dialogs WHERE id = ANY ($1)',
      [results.map(({ dialog_id }) => dialog_id)],
    );
    const descriptions = new Map(stored.map(({ id, description }) => [id, description]));
    expect(results.map(({ dialog_id }) => descriptions.get(dialog_id))).toEqual(
      dialogues.map(({ description }) => description),
    );
    const phrases = await world.sql<{ id: number; reference_text: string }>(
      'SELECT id, reference_text FROM phrases WHERE id = ANY ($1)',
      [results.flatMap(({ phrase_ids }) => phrase_ids)],
    );
    const texts = new Map(phrases.map(({ id, reference_text }) => [id, reference_text]));
    expect(results.map(({ phrase_ids }) => phrase_ids.map((id) => texts.get(id)))).toEqual(
      dialogues.map((given) => given.phrases.map(({ reference_text }) => reference_text)),
    );
  });

  it('counts the categories it created and no others', async () => {
    const first = await world.post(
      batch({
        dialogues: [
          dialogue({ category_name: 'IELTS_Part1' }),
          dialogue({ category_name: 'IELTS_Part2' }),
          dialogue({ category_name: 'IELTS_Part1' }),
        ],
      }),
    );
    const second = await world.post(
      batch({
        dialogues: [dialogue({ category_name: 'IELTS_Part2' }), dialogue({ category_name: 'IELTS_Part3' })],
      }),
    );

    expect(first.body['imported']).toEqual({ dialogues: 3, phrases: 6, categories_created: 2 });
    expect(second.body['imported']).toEqual({ dialogues: 2, phrases: 4, categories_created: 1 });
  });

  it('keeps text of every script, emoji and combining marks as they were sent', async () => {
    const texts = [
      '你好，请问洗手间在哪里？',
      'שלום, מה שלומך?',
      'Zażółć gęślą jaźń 🙂👩🏽‍🚀',
      'e\u0301te\u0301 — \u202e quotes " and \\ and \t tab',
    ];
    const sent = batch({
      source: 'źródło-源',
      dialogues: [
        dialogue({
          title: 'Ünïcödé 🙂 title',
          phrases: texts.map((text, index) => phrase(index + 1, { reference_text: text })),
        }),
      ],
    });

    const { body } = await world.post(sent);

    const [result] = body['results'] as { title: string; dialog_id: number }[];
    expect(result?.title).toBe('Ünïcödé 🙂 title');
    const read = await world.call(`/api/v1/dialogs/${String(result?.dialog_id)}`);
    expect(read.body['source']).toBe('źródło-源');
    expect(
      (read.body['phrases'] as { reference_text: string }[]).map(({ reference_text }) => reference_text),
    ).toEqual(texts);
  });

  it('takes the longest texts, counted in characters and not in UTF-16 units', async () => {
    const longest = batch({
      source: '源'.repeat(100),
      dialogues: [
        dialogue({
          title: '🙂'.repeat(200),
          description: '🙂'.repeat(500),
          phrases: [
            phrase(1, { reference_text: '🙂'.repeat(500), phonetic_transcription: '🙂'.repeat(2000) }),
            phrase(2, { reference_text: '🙂'.repeat(5) }),
          ],
        }),
      ],
    });

    expect((await world.post(longest)).status).toBe(201);
  });

  it.each([
    ['in UTF-8', '🙂', JSON.stringify],
    [
      'with phonetic letters as escapes',
      'ʃ',
      (batch: unknown) => JSON.stringify(batch).replaceAll('ʃ', '\\u0283'),
    ],
  ])('takes the largest valid batch %s', async (_, letter, print) => {
    const wide = letter === '🙂' ? letter : 'x';
    const phrases = Array.from({ length: 12 }, (_unused, index) =>
      phrase(index + 1, {
        reference_text: wide.repeat(500),
        phonetic_transcription: letter.repeat(2000),
        difficulty: 'intermediate',
        speaker: 'A',
      }),
    );
    const dialogues = Array.from({ length: 50 }, () =>
      dialogue({ title: wide.repeat(200), description: wide.repeat(500), accent: 'south_african', phrases }),
    );

    const answer = await world.post(print(batch({ dialogues })));

    expect(answer.status).toBe(201);
    expect(answer.body['imported']).toMatchObject({ dialogues: 50, phrases: 600 });
  });
});
