import { makeItem, makeItems, startWorld, unique, type Body, type World } from './support/world.js';

describe('importing ground truths', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  const stored = async (dataset: string): Promise<Body[]> =>
    (await world.call(`/v1/ground-truths?dataset=${dataset}&limit=200`)).body.items as Body[];

  it('stores what can be stored and tells of each other item what is wrong with it', async () => {
    const dataset = unique('import');
    const good = makeItem(dataset);
    const { status, body } = await world.importItems([
      good,
      makeItem(dataset, { id: good['id'] }),
      makeItem(dataset, { id: '..' }),
      makeItem(dataset, { manualTags: ['no group'] }),
      makeItem(dataset, { colour: 'red' }),
      makeItem('not a name'),
      'text',
      makeItem(dataset, { answer: 'NUL \u0000' }),
      { ...makeItem(dataset), datasetName: undefined },
    ]);

    expect(status).toBe(200);
    expect(body).toMatchObject({
      imported: 1,
      failed: 8,
      uuids: [good['id']],
      validationSummary: { total: 9, succeeded: 1, failed: 8 },
    });
    const faults = body.errors as { index: number; field: string; code: string }[];
    expect(faults.map(({ index, field, code }) => [index, field, code])).toEqual([
      [1, 'id', 'DUPLICATE_ID'],
      [2, 'id', 'INVALID_ID'],
      [3, 'manualTags[0]', 'INVALID_TAG'],
      [4, 'colour', 'VALIDATION_FAILED'],
      [5, 'datasetName', 'VALIDATION_FAILED'],
      [6, 'item', 'VALIDATION_FAILED'],
      [7, 'answer', 'VALIDATION_FAILED'],
      [8, 'dataset', 'VALIDATION_FAILED'],
    ]);
  });

  it('knows an id again whatever its bucket, and in its own dataset only', async () => {
    const [one, other] = [unique('import'), unique('import')];
    const item = makeItem(one, { bucket: crypto.randomUUID() });
    await world.importItems([item]);

    const again = await world.importItems([{ ...item, bucket: undefined }]);
    const elsewhere = await world.importItems([{ ...item, datasetName: other }]);

    expect(again.body).toMatchObject({
      imported: 0,
      failed: 1,
      errors: [{ code: 'DUPLICATE_ID', itemId: item['id'] }],
    });
    expect(elsewhere.body).toMatchObject({ imported: 1 });
  });

  it('overwrites nothing unless asked, and then only what is open', async () => {
    const dataset = unique('import');
    const [first, second] = makeItems(dataset, 2) as [Body, Body];
    await world.importItems([first]);
    await world.importItems([second], { query: '?approve=true' });
    const changed = [first, second].map((item) => ({ ...(item as object), answer: 'New.' }));

    expect((await world.importItems(changed, { query: '?onConflict=skip' })).body).toMatchObject({
      imported: 0,
      skipped: 2,
      failed: 0,
    });
    const updated = await world.importItems(changed, { query: '?onConflict=update' });
    expect(updated.body).toMatchObject({
      updated: 1,
      failed: 1,
      errors: [{ code: 'NOT_OPEN', itemId: second.id }],
    });
    expect((await stored(dataset)).map(({ answer, version }) => [answer, version] as unknown[])).toEqual([
      ['An example.', 1],
      ['New.', 2],
    ]);
  });

  it('leaves what is as the request has it alone, so that the holder can go on', async () => {
    const dataset = unique('import');
    const alice = unique('alice');
    const [one, two] = makeItems(dataset, 2) as [Body, Body];
    await world.importItems([one, two]);
    await world.selfServe(alice, 2, { datasets: [dataset] });

    const { body } = await world.importItems([one, { ...two, answer: 'New.' }], {
      query: '?onConflict=update',
    });

    expect(body).toMatchObject({ imported: 0, updated: 1, skipped: 1, failed: 0, uuids: [two.id] });
    const versions = (await world.my(alice)).map(({ id, version }) => [id, version]).sort();
    expect(versions).toEqual([
      [one.id, 2],
      [two.id, 3],
    ]);
  });

  it('stores items as approved when asked, each complete', async () => {
    const dataset = unique('import');
    const { body } = await world.importItems([makeItem(dataset), makeItem(dataset, { answer: '' })], {
      query: '?approve=true',
    });
    expect(body).toMatchObject({
      imported: 1,
      errors: [{ index: 1, code: 'APPROVAL_VALIDATION_FAILED', field: 'answer' }],
    });
    expect(await stored(dataset)).toMatchObject([
      { status: 'approved', reviewedAt: expect.any(String), version: 1 },
    ]);
  });

  it('writes nothing in a dry run, and answers as if it had', async () => {
    const dataset = unique('import');
    const { body } = await world.importItems(makeItems(dataset, 3), { query: '?dryRun=true' });
    expect(body).toMatchObject({ imported: 3, dryRun: true });
    expect((await world.call(`/v1/datasets/${dataset}`)).status).toBe(404);
  });

  it('happens once for an Idempotency-Key, and answers the same', async () => {
    const dataset = unique('import');
    const items = makeItems(dataset, 3).map(({ id: _, ...item }) => item);
    const headers = { 'Idempotency-Key': unique('key') };

    const answers = await Promise.all([1, 2, 3].map(() => world.importItems(items, { headers })));

    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(await stored(dataset)).toHaveLength(3);
    expect((await world.importItems(makeItems(dataset, 1), { headers })).status).toBe(422);
  });

  it('deals items without a bucket into as many as asked', async () => {
    const dataset = unique('import');
    await world.importItems(makeItems(dataset, 7), { query: '?buckets=3' });
    expect(new Set((await stored(dataset)).map(({ bucket }) => bucket as string)).size).toBe(3);
  });

  it('warns of a question that the dataset has already', async () => {
    const dataset = unique('import');
    const [one, two] = makeItems(dataset, 2, { synthQuestion: 'Where is the station?' }) as [Body, Body];
    await world.importItems([one]);
    const { body } = await world.importItems([{ ...two, synthQuestion: 'where  is the station?' }]);
    expect(body.duplicateWarnings).toEqual([
      { itemId: two.id, duplicateId: one.id, matchReason: 'same_question' },
    ]);
  });

  it('takes a stream of NDJSON of any length', async () => {
    const dataset = unique('import');
    const lines = makeItems(dataset, 2_500).map((item) => JSON.stringify(item));
    lines.splice(1_200, 0, '', '{broken');
    const { status, body } = await world.importItems(lines.join('\n'), {
      headers: { 'content-type': 'application/x-ndjson' },
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ imported: 2_500, failed: 1, errors: [{ index: 1_200 }] });
    expect(body.uuids).toHaveLength(2_500);
  });

  it.each([
    ['no items', [], 400],
    ['no array', { items: [] }, 400],
    ['20,001 items', Array.from({ length: 20_001 }, () => 0), 413],
  ])('refuses %s', async (_, items, status) => {
    expect((await world.importItems(items)).status).toBe(status);
  });

  it('is for curators, services and admins', async () => {
    expect((await world.importItems(makeItems(unique('import'), 1), { as: 'alice' })).status).toBe(403);
  });
});
