import { ContentBatchFailed, ContentBatchImported, payloadHash } from '@hornbook/contracts';
import { eventually } from '@hornbook/testing';
import { batch, dialogue, phrase } from './support/batches.js';
import { listenToEvents, type EventListener } from './support/events.js';
import { closeGate, openGates } from './support/gate.js';
import { startWorld, type Answer, type World } from './support/world.js';

describe('a batch that the database refuses in the middle', () => {
  let world: World;
  let listener: EventListener;
  beforeAll(async () => {
    world = await startWorld();
    listener = await listenToEvents(world.namespace);
    // Refuses the second phrase of a dialogue when it says so: by then the batch, its categories and dialogues are written.
    await world.sql(`CREATE FUNCTION refuse_phrase() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'secret-host: row % refused', NEW.id; END $$`);
    await world.sql(`CREATE TRIGGER refuse BEFORE INSERT ON phrases FOR EACH ROW
      WHEN (NEW.reference_text LIKE 'Refuse me%') EXECUTE FUNCTION refuse_phrase()`);
  });
  afterEach(openGates);
  afterAll(async () => {
    await listener.close();
    await world.stop();
  });

  const refused = dialogue({
    category_name: 'Technology',
    phrases: [phrase(1), phrase(2, { reference_text: 'Refuse me, please.' })],
  });
  const eventsOf = (batchId: string): EventListener['events'] =>
    listener.events.filter(({ subject }) => subject === batchId);
  const read = (batchId: string): Promise<Answer> => world.call(`/api/v1/admin/bulk-import/${batchId}`);

  it("answers the seed's 500 body and tells nothing of the database", async () => {
    const { status, headers, body, text } = await world.post(batch({ dialogues: [dialogue(), refused] }), {
      headers: { 'X-Request-Id': 'req-abc123' },
    });

    expect(status).toBe(500);
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(body).toEqual({
      success: false,
      error: 'internal_error',
      message: 'An unexpected error occurred',
      request_id: 'req-abc123',
      type: 'urn:hornbook:problem:internal_error',
      title: 'Internal server error',
      status: 500,
      detail: 'An unexpected error occurred',
      instance: '/api/v1/admin/bulk-import',
      code: 'internal_error',
    });
    expect(text).not.toMatch(/secret-host|INSERT|phrases/);
  });

  it('leaves no row but the record of its failure', async () => {
    const sent = batch({ dialogues: [dialogue(), refused], source: 'leaves-nothing' });

    await world.post(sent, { headers: { 'X-Request-Id': 'req-1' } });

    expect(await world.sql(`SELECT 1 FROM dialogs WHERE source = 'leaves-nothing'`)).toEqual([]);
    expect(await world.sql(`SELECT 1 FROM categories WHERE name = 'Technology'`)).toEqual([]);
    expect((await read(sent.batch_id)).body).toEqual({
      batch_id: sent.batch_id,
      source: 'leaves-nothing',
      status: 'failed',
      attempts: 1,
      imported: { dialogues: 0, phrases: 0, categories_created: 0 },
      error_message: 'The database refused the batch (SQLSTATE P0001) (request req-1)',
      payload_hash: payloadHash(sent),
      created_at: expect.any(String) as string,
      processed_at: expect.any(String) as string,
      results: [],
    });
  });

  it('is announced as failed, and as nothing else', async () => {
    const sent = batch({ dialogues: [refused] });

    await world.post(sent, { headers: { 'X-Request-Id': 'req-2' } });

    await eventually(() => eventsOf(sent.batch_id).length > 0);
    const [event, ...more] = eventsOf(sent.batch_id);
    expect(more).toEqual([]);
    expect(event).toMatchObject({
      type: ContentBatchFailed.name,
      source: '/content-import',
      correlationid: 'req-2',
    });
    const recorded = (await read(sent.batch_id)).body;
    expect(ContentBatchFailed.data.parse(event?.data)).toEqual({
      batch_id: sent.batch_id,
      source: sent.source,
      payload_hash: payloadHash(sent),
      attempt: 1,
      reason: 'The database refused the batch (SQLSTATE P0001) (request req-2)',
      failed_at: recorded['processed_at'],
    });
  });

  it('may be sent again, also with another payload, and counts its attempts', async () => {
    const sent = batch({ dialogues: [refused] });
    await world.post(sent);
    expect((await world.post(sent)).status).toBe(500);
    const mended = { ...sent, source: 'mended', dialogues: [dialogue({ title: 'Mended by hand' })] };

    const answer = await world.post(mended);

    expect(answer.status).toBe(201);
    expect((await read(sent.batch_id)).body).toMatchObject({
      status: 'completed',
      source: 'mended',
      attempts: 3,
      error_message: null,
      payload_hash: payloadHash(mended),
      imported: { dialogues: 1, phrases: 2 },
      results: answer.body['results'],
    });
    await eventually(() => eventsOf(sent.batch_id).length === 3);
    expect(
      eventsOf(sent.batch_id).map(({ type, data }) => [type, (data as { attempt?: number }).attempt]),
    ).toEqual([
      [ContentBatchFailed.name, 1],
      [ContentBatchFailed.name, 2],
      [ContentBatchImported.name, undefined],
    ]);
    expect((await world.post(mended)).body).toMatchObject({
      error: 'duplicate_batch',
      payload_matches: true,
    });
    expect((await world.post(sent)).body).toMatchObject({ error: 'duplicate_batch', payload_matches: false });
  });

  it('stays completed when a copy got through before the failure was recorded', async () => {
    const gate = await closeGate(world, 'beforeFailureRecord');
    const sent = batch({ dialogues: [refused] });
    const failing = world.post(sent);
    await gate.waiting(1);

    const copy = await world.post({ ...sent, dialogues: [dialogue()] });
    await gate.open();

    expect(copy.status).toBe(201);
    expect((await failing).status).toBe(500);
    expect((await read(sent.batch_id)).body).toMatchObject({
      status: 'completed',
      attempts: 1,
      error_message: null,
    });
    const written = await world.sql<{ event: string }>('SELECT event FROM outbox WHERE key = $1', [
      sent.batch_id,
    ]);
    expect(written.map(({ event }) => event)).toEqual([ContentBatchImported.name]);
  });

  it('answers the first failure also when that cannot be recorded', async () => {
    await world.sql('ALTER TABLE import_batches RENAME COLUMN error_message TO out_of_the_way');
    const sent = batch({ dialogues: [refused] });

    const { status, body } = await world
      .post(sent)
      .finally(() => world.sql('ALTER TABLE import_batches RENAME COLUMN out_of_the_way TO error_message'));

    expect(status).toBe(500);
    expect(body['error']).toBe('internal_error');
    expect(world.log).toContainEqual(
      expect.objectContaining({
        level: 'error',
        msg: 'a failed batch could not be recorded',
        batch_id: sent.batch_id,
      }),
    );
  });
});
