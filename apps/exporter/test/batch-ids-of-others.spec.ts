import { payloadHash } from '@hornbook/contracts';
import { dialogues } from './support/dialogues.js';
import { faithful, json, refuse, type Reply } from './support/platform.js';
import { World } from './support/world.js';

/** Somebody else's batch gets the id a moment before ours. */
const overtaken =
  (then: Reply): Reply =>
  (batch, response, platform) => {
    platform.store({
      ...batch.request,
      dialogues: batch.request.dialogues.map((dialogue) => ({
        ...dialogue,
        title: `Foreign ${dialogue.title}`.slice(0, 200),
      })),
    });
    return then(batch, response, platform);
  };

describe('a batch id that belongs to somebody else’s batch', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open({});
  });
  beforeEach(() => world.reset());
  afterAll(() => world.close());

  it('is given up: the same dialogues go under a fresh id, and nothing is confirmed with foreign ids', async () => {
    world.platform.next(overtaken(faithful));
    const sent = dialogues(3);
    const ids = await world.export(sent);
    await world.settled(ids, 'confirmed');
    const [first, second] = world.platform.received;
    expect(second?.batchId).not.toBe(first?.batchId);
    expect(world.platform.reads).toEqual([]);
    expect(second?.request.dialogues).toEqual(first?.request.dialogues);
    for (const { title } of sent)
      expect(world.platform.titles.filter((there) => there === title)).toHaveLength(1);
    expect(await world.batch(first!.batchId)).toMatchObject({
      state: 'replaced',
      replaced_by: second?.batchId,
      last_error_type: 'batch_id_conflict',
    });
    const mine = world.platform.stored.get(second!.batchId)!;
    expect((await world.dialogue(ids[0]!)).pronielts_dialog_id).toBe(mine.results[0]!.dialog_id);
  });

  it('is recognised by its titles where the platform does not compare payloads', async () => {
    world.platform.next(overtaken(refuse(409, { error: 'duplicate_batch' })));
    // Such a platform shows no hash either.
    world.platform.readReply = (batchId, response, platform) =>
      json(response, 200, { batch_id: batchId, results: platform.stored.get(batchId)?.results });
    const ids = await world.export(dialogues(2));
    await world.settled(ids, 'confirmed');
    expect(world.platform.received).toHaveLength(2);
    expect((await world.batches()).map(({ state }) => state).sort()).toEqual(['confirmed', 'replaced']);
  });

  it('is recognised by the payload’s hash even if the titles are the same', async () => {
    world.platform.next((batch, response, platform) => {
      const request = { ...batch.request, source: 'somebody else' };
      platform.store(request);
      expect(payloadHash(request)).not.toBe(payloadHash(batch.request));
      json(response, 409, { error: 'duplicate_batch' });
    });
    const ids = await world.export(dialogues(2));
    await world.settled(ids, 'confirmed');
    expect(world.platform.received).toHaveLength(2);
  });

  it('again and again ends as a failure, not as a flood of ids', async () => {
    world.platform.reply = overtaken(faithful);
    const ids = await world.export(dialogues(2));
    await world.settled(ids, 'failed');
    expect(world.platform.received).toHaveLength(6);
    expect(await world.failures()).toMatchObject([{ error_type: 'batch_id_conflict', dialogue_ids: ids }]);
  });
});
