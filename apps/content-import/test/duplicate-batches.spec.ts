import { eventually } from '@hornbook/testing';
import { categoryNames } from '@hornbook/contracts';
import { batch, dialogue, phrase, reservation } from './support/batches.js';
import { closeGate, openGates } from './support/gate.js';
import { startWorld, type World } from './support/world.js';

describe('a batch that is sent more than once', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterEach(openGates);
  afterAll(() => world.stop());

  const copiesOf = async (batchId: string): Promise<number> => {
    const [row] = await world.sql<{ count: number }>(
      'SELECT count(*)::integer FROM dialogs JOIN import_batches ON import_batches.id = import_batch_id WHERE batch_id = $1',
      [batchId],
    );
    return row?.count ?? 0;
  };

  it("is refused with the seed's 409 body and what it made", async () => {
    const sent = batch({ dialogues: [reservation()] });
    const first = await world.post(sent);

    const second = await world.post(sent);

    expect(second.status).toBe(409);
    expect(second.body).toMatchObject({
      success: false,
      error: 'duplicate_batch',
      message: `Batch ${sent.batch_id} has already been processed`,
      original_import: { imported_at: first.body['processed_at'], dialogues: 1 },
      payload_matches: true,
      results: first.body['results'],
    });
    expect(second.headers.get('retry-after')).toBeNull();
    expect(await copiesOf(sent.batch_id)).toBe(1);
  });

  it('is recognised whatever the order of its members', async () => {
    const sent = batch();
    await world.post(sent);
    const [first] = sent.dialogues;
    const turned = {
      batch_id: sent.batch_id,
      source: sent.source,
      dialogues: [Object.fromEntries(Object.entries(first ?? {}).reverse())],
    };

    const second = await world.post(turned);

    expect(second.status).toBe(409);
    expect(second.body['payload_matches']).toBe(true);
  });

  it('is refused with another payload too, and says that it is another', async () => {
    const sent = batch();
    await world.post(sent);

    const second = await world.post({ ...sent, dialogues: [dialogue({ title: 'Something else' })] });

    expect(second.status).toBe(409);
    expect(second.body).toMatchObject({ error: 'duplicate_batch', payload_matches: false });
    expect(await copiesOf(sent.batch_id)).toBe(1);
  });

  it('is stored once when ten copies come at the same moment', async () => {
    const sent = batch({ dialogues: Array.from({ length: 10 }, () => reservation()) });

    const answers = await Promise.all(Array.from({ length: 10 }, () => world.post(sent)));

    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([201, ...Array.from({ length: 9 }, () => 409)]);
    for (const { status, body } of answers) {
      if (status === 409) expect(['duplicate_batch', 'batch_in_progress']).toContain(body['error']);
    }
    expect(await copiesOf(sent.batch_id)).toBe(10);
  });

  it('is counted as what became of it', async () => {
    const counted = async (outcome: string): Promise<number> => {
      const { text } = await world.call('/metrics', { as: null });
      const line = text
        .split('\n')
        .find((one) => one.startsWith('content_import_batches_total') && one.includes(`"${outcome}"`));
      return Number(line?.split(' ').at(-1) ?? 0);
    };
    const before = [await counted('imported'), await counted('duplicate')];
    const sent = batch();

    await world.post(sent);
    await world.post(sent);
    await world.post(sent);

    expect([await counted('imported'), await counted('duplicate')]).toEqual([
      Number(before[0]) + 1,
      Number(before[1]) + 2,
    ]);
  });

  it('is told at once to come back while another request is storing it', async () => {
    const sent = batch();
    const gate = await closeGate(world, 'beforeDialogues');
    const first = world.post(sent);
    await gate.waiting(1);

    const second = await world.post(sent);
    await gate.open();

    expect(second.status).toBe(409);
    expect(second.body).toMatchObject({ success: false, error: 'batch_in_progress' });
    expect(Number(second.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await first).status).toBe(201);
    expect((await world.post(sent)).body).toMatchObject({ error: 'duplicate_batch', payload_matches: true });
    expect(await copiesOf(sent.batch_id)).toBe(1);
  });

  it('is not kept waiting by a request that died in the middle', async () => {
    const sent = batch({ dialogues: [reservation(), dialogue()] });
    const gate = await closeGate(world, 'beforeDialogues');
    const first = world.post(sent);
    await gate.waiting(1);

    await gate.cutWaiting();

    const died = await first;
    expect(died.status).toBe(503);
    expect(died.body).toMatchObject({ success: false, error: 'service_unavailable' });
    expect(died.headers.get('retry-after')).not.toBeNull();
    expect(await copiesOf(sent.batch_id)).toBe(0);
    await gate.open();
    expect((await world.post(sent)).status).toBe(201);
    expect(await copiesOf(sent.batch_id)).toBe(2);
  });
});

describe('different batches that come at the same moment', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterEach(openGates);
  afterAll(() => world.stop());

  it('create each category once and count it once', async () => {
    const forwards = categoryNames.map((category_name) =>
      dialogue({ category_name, phrases: [phrase(1), phrase(2)] }),
    );
    const batches = Array.from({ length: 8 }, (_, index) =>
      batch({ dialogues: index % 2 === 0 ? forwards : [...forwards].reverse() }),
    );

    const answers = await Promise.all(batches.map((sent) => world.post(sent)));

    expect(answers.map(({ status }) => status)).toEqual(batches.map(() => 201));
    const created = answers.reduce(
      (sum, { body }) => sum + (body['imported'] as { categories_created: number }).categories_created,
      0,
    );
    expect(created).toBe(categoryNames.length);
    expect(await world.sql('SELECT name FROM categories')).toHaveLength(categoryNames.length);
    expect(await world.sql('SELECT 1 FROM dialogs')).toHaveLength(8 * categoryNames.length);
  });

  it('count a category for the batch that kept it when the one that made it first was rolled back', async () => {
    await world.sql('DELETE FROM categories');
    const gate = await closeGate(world, 'beforeDialogues');
    const first = world.post(batch());
    await gate.waiting(1);
    // It waits for the first one's category, not at the gate.
    const second = world.post(batch());
    await eventually(async () => {
      const waiting = await world.sql(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'transactionid'`,
      );
      return waiting.length === 1;
    });

    await gate.cutWaiting();
    expect((await first).status).toBe(503);
    await gate.open();

    expect((await second).body).toMatchObject({ success: true, imported: { categories_created: 1 } });
  });
});
