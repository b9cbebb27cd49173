import { dialogues } from './support/dialogues.js';
import { refuse } from './support/platform.js';
import { World } from './support/world.js';

function refusal(...details: { field: string; error: string }[]): ReturnType<typeof refuse> {
  return refuse(400, {
    success: false,
    error: 'validation_error',
    message: 'Invalid request payload',
    details,
  });
}

describe('a batch that the platform refuses (400)', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open({});
  });
  beforeEach(() => world.reset());
  afterAll(() => world.close());

  it('costs the named dialogues only: the others go as a new batch with a new id', async () => {
    world.platform.next(
      refusal(
        { field: 'dialogues[1].phrases[0].reference_text', error: 'String too short (minimum 5 characters)' },
        { field: 'dialogues[1].title', error: 'Not a good title' },
        { field: 'dialogues[3]', error: 'Not wanted' },
      ),
    );
    const sent = dialogues(5);
    const ids = await world.export(sent);
    await world.settled([ids[0]!, ids[2]!, ids[4]!], 'confirmed');
    await world.settled([ids[1]!, ids[3]!], 'failed');

    const [first, second] = world.platform.received;
    expect(second?.batchId).not.toBe(first?.batchId);
    expect(second?.request.dialogues.map(({ title }) => title)).toEqual(
      [0, 2, 4].map((index) => sent[index]!.title),
    );
    expect(world.platform.titles).toHaveLength(3);
    expect(await world.batch(first!.batchId)).toMatchObject({
      state: 'replaced',
      replaced_by: second?.batchId,
    });

    const failures = (await world.failures()).reverse();
    expect(failures).toMatchObject([
      {
        batch_id: first?.batchId,
        dialogue_ids: [ids[1]],
        error_type: 'validation_error',
        whole_batch: false,
        error_message: expect.stringMatching(/too short.*; dialogues\[1\]\.title: Not a good title/),
      },
      {
        batch_id: first?.batchId,
        dialogue_ids: [ids[3]],
        error_type: 'validation_error',
        whole_batch: false,
        error_message: 'dialogues[3]: Not wanted',
      },
    ]);
    const detail = await world.call(`/failures/${String(failures[0]?.id)}`);
    expect(detail.body).toMatchObject({ payload: { title: sent[1]!.title } });
    const places = await Promise.all(ids.map(async (id) => (await world.dialogue(id)).pronielts_dialog_id));
    const [a, b, c] = world.platform.stored.get(second!.batchId)!.results.map(({ dialog_id }) => dialog_id);
    expect(places).toEqual([a, null, b, null, c]);
  });

  it('with none of its dialogues named goes to the failures whole', async () => {
    world.platform.next(refusal({ field: 'source', error: 'Unknown source' }));
    const ids = await world.export(dialogues(3));
    await world.settled(ids, 'failed');
    expect(world.platform.received).toHaveLength(1);
    expect(await world.failures()).toMatchObject([
      {
        dialogue_ids: ids,
        whole_batch: true,
        error_message: 'Invalid request payload: source: Unknown source',
      },
    ]);
  });

  it('with a place named that it does not have is not split', async () => {
    world.platform.next(
      refusal({ field: 'dialogues[50].title', error: 'No' }, { field: 'dialogues[-1].title', error: 'No' }),
    );
    const ids = await world.export(dialogues(3));
    await world.settled(ids, 'failed');
    expect(await world.failures()).toMatchObject([{ whole_batch: true }]);
  });

  it('with all of its dialogues named leaves nothing to send', async () => {
    world.platform.next(
      refusal({ field: 'dialogues[0].title', error: 'No' }, { field: 'dialogues[1].title', error: 'No' }),
    );
    const ids = await world.export(dialogues(2));
    await world.settled(ids, 'failed');
    expect(await world.failures()).toHaveLength(2);
    expect(await world.batches()).toMatchObject([{ state: 'failed' }]);
    expect(world.platform.received).toHaveLength(1);
  });

  it('again and again is split until what is left is taken', async () => {
    world.platform.next(
      refusal({ field: 'dialogues[0].title', error: 'No' }),
      refusal({ field: 'dialogues[1].title', error: 'No' }),
    );
    const ids = await world.export(dialogues(4));
    await world.settled([ids[0]!, ids[2]!], 'failed');
    await world.settled([ids[1]!, ids[3]!], 'confirmed');
  });

  it('puts a retried dialogue into a new batch', async () => {
    world.platform.next(refusal({ field: 'dialogues[0].title', error: 'No' }));
    const ids = await world.export(dialogues(2));
    await world.settled([ids[0]!], 'failed');
    await world.settled([ids[1]!], 'confirmed');
    const [failure] = await world.failures();
    const answer = await world.call(`/failures/${String(failure?.id)}/retry`, { method: 'POST' });
    expect(answer).toMatchObject({
      status: 200,
      body: { resolution: 'retried', retry_count: 1, resolved_at: expect.any(String) },
    });
    expect((await world.dialogue(ids[0]!)).status).toBe('ready');
    await world.exportNow();
    await world.settled(ids, 'confirmed');
    const { retry_count, history } = await world.dialogue(ids[0]!);
    expect(retry_count).toBe(1);
    expect(history.map(({ event }) => event)).toEqual([
      'submitted',
      'batched',
      'sending',
      'answered',
      'failed',
      'replaced',
      'retry_requested',
      'batched',
      'sending',
      'confirmed',
    ]);
  });
});
