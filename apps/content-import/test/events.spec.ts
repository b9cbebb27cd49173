import { ContentBatchImported, payloadHash } from '@hornbook/contracts';
import { eventually } from '@hornbook/testing';
import { batch, dialogue, reservation } from './support/batches.js';
import { listenToEvents, type EventListener } from './support/events.js';
import { startWorld, type World } from './support/world.js';

describe('the event of an import', () => {
  let world: World;
  let listener: EventListener;
  beforeAll(async () => {
    world = await startWorld();
    listener = await listenToEvents(world.namespace);
  });
  afterAll(async () => {
    await listener.close();
    await world.stop();
  });

  it('tells what was imported, with ids, hash and the id of the request', async () => {
    const sent = batch({ dialogues: [reservation(), dialogue()], source: 'automation-pipeline' });

    const { body } = await world.post(sent, { headers: { 'X-Request-Id': 'flow-7' } });

    await eventually(() => listener.events.length > 0);
    expect(listener.events).toHaveLength(1);
    const [event] = listener.events;
    expect(event).toMatchObject({
      type: 'content.batch.imported.v1',
      source: '/content-import',
      subject: sent.batch_id,
      correlationid: 'flow-7',
    });
    const { success: _, ...told } = body;
    expect(ContentBatchImported.data.parse(event?.data)).toEqual({
      ...told,
      source: 'automation-pipeline',
      payload_hash: payloadHash(sent),
    });
  });

  it('is written once, and not for duplicates, dry runs or refused payloads', async () => {
    const sent = batch();
    await world.post(sent);
    await world.post(sent);
    await world.post(batch(), { query: '?dry_run=true' });
    await world.post({ ...batch(), source: '' });

    const written = await world.sql<{ key: string }>('SELECT key FROM outbox ORDER BY id');

    expect(written.map(({ key }) => key).slice(-1)).toEqual([sent.batch_id]);
    expect(written.filter(({ key }) => key === sent.batch_id)).toHaveLength(1);
  });
});
