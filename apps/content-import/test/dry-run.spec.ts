import { batch, dialogue, phrase, reservation } from './support/batches.js';
import { startWorld, type World } from './support/world.js';

describe('a dry run', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  const dryRun = { query: '?dry_run=true' };
  const rowsOf = async (): Promise<unknown> =>
    world.sql(`SELECT (SELECT count(*) FROM import_batches) AS batches, (SELECT count(*) FROM categories) AS categories,
      (SELECT count(*) FROM dialogs) AS dialogs, (SELECT count(*) FROM phrases) AS phrases, (SELECT count(*) FROM outbox) AS events,
      (SELECT last_value FROM dialogs_id_seq) AS last_id`);

  it('says what an import would do, without ids, and writes nothing', async () => {
    await world.post(batch({ dialogues: [dialogue({ category_name: 'Travel' })] }));
    const before = await rowsOf();
    const sent = batch({ dialogues: [reservation(), dialogue(), dialogue({ title: 'Packing a bag' })] });

    const { status, body } = await world.post(sent, dryRun);

    expect(status).toBe(200);
    expect(body).toEqual({
      success: true,
      dry_run: true,
      batch_id: sent.batch_id,
      imported: { dialogues: 3, phrases: 10, categories_created: 1 },
      results: [
        { title: 'Making a Restaurant Reservation' },
        { title: 'Asking the way' },
        { title: 'Packing a bag' },
      ],
      processed_at: expect.any(String) as string,
    });
    expect(await rowsOf()).toEqual(before);
    const real = await world.post(sent);
    expect(real.status).toBe(201);
    expect(real.body['imported']).toEqual(body['imported']);
  });

  it('of a batch that is in answers as the import would: 409', async () => {
    const sent = batch();
    const first = await world.post(sent);

    const { status, body } = await world.post(sent, dryRun);

    expect(status).toBe(409);
    expect(body).toMatchObject({
      error: 'duplicate_batch',
      payload_matches: true,
      results: first.body['results'],
    });
  });

  it('of an invalid payload answers as the import would: 400', async () => {
    const { status, body } = await world.post(
      batch({ dialogues: [dialogue({ phrases: [phrase(2), phrase(1)] })] }),
      dryRun,
    );

    expect(status).toBe(400);
    expect(body).toMatchObject({ details: [{ field: 'dialogues[0].phrases' }] });
  });
});
