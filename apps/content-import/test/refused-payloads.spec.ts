import { batch, dialogue, newBatchId, phrase } from './support/batches.js';
import { startWorld, type World } from './support/world.js';

interface Fault {
  readonly field: string;
  readonly error: string;
}

describe('a payload that is refused', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterEach(async () => {
    expect(
      await world.sql(
        'SELECT 1 FROM import_batches UNION ALL SELECT 1 FROM dialogs UNION ALL SELECT 1 FROM categories',
      ),
    ).toEqual([]);
  });
  afterAll(() => world.stop());

  const faultsOf = async (payload: unknown): Promise<Fault[]> => {
    const { status, body } = await world.post(payload);
    expect(status).toBe(400);
    return (body['details'] as Fault[]).map(({ field, error }) => ({ field, error }));
  };

  it("answers with the seed's 400 body", async () => {
    const { status, headers, body } = await world.post(
      batch({
        dialogues: [dialogue({ phrases: [phrase(1), phrase(2), phrase(3, { reference_text: 'Hi' })] })],
      }),
    );

    expect(status).toBe(400);
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(body).toMatchObject({
      success: false,
      error: 'validation_error',
      message: 'Invalid request payload',
      details: [
        { field: 'dialogues[0].phrases[2].reference_text', error: 'String too short (minimum 5 characters)' },
      ],
    });
    expect(body).toMatchObject({
      status: 400,
      code: 'validation_error',
      instance: '/api/v1/admin/bulk-import',
    });
  });

  it('names all faults at once', async () => {
    const payload = {
      dialogues: [
        dialogue({ title: 'Hey' }),
        { ...dialogue(), category_name: 'News', phrases: [phrase(1, { speaker: 'C' as 'A' }), { order: 2 }] },
        { ...dialogue({ accent: 'us' as 'american' }), phrases: [phrase(1)] },
      ],
      source: '',
      batch_id: 'batch-1',
    };

    const faults = await faultsOf(payload);

    expect(faults.map(({ field }) => field)).toEqual([
      'dialogues[0].title',
      'dialogues[1].category_name',
      'dialogues[1].phrases[0].speaker',
      'dialogues[1].phrases[1].reference_text',
      'dialogues[2].accent',
      'dialogues[2].phrases',
      'source',
      'batch_id',
    ]);
    expect(faults[1]?.error).toContain('Professional, Travel, Restaurant');
    expect(faults[5]?.error).toBe('Too few items (minimum 2 items)');
  });

  it('names missing members', async () => {
    expect(await faultsOf({})).toEqual([
      { field: 'dialogues', error: 'Required' },
      { field: 'source', error: 'Required' },
      { field: 'batch_id', error: 'Required' },
    ]);
  });

  it('names unknown members at every level', async () => {
    const payload = {
      ...batch(),
      extra: 1,
      dialogues: [{ ...dialogue({ phrases: [{ ...phrase(1), orders: 1 } as never, phrase(2)] }), tags: [] }],
    };

    const fields = (await faultsOf(payload)).map(({ field, error }) => `${field}: ${error}`);

    expect(fields.sort()).toEqual([
      'dialogues[0].phrases[0].orders: Unknown member',
      'dialogues[0].tags: Unknown member',
      'extra: Unknown member',
    ]);
  });

  it.each([
    ['a gap', [1, 3]],
    ['a repeated number', [1, 1]],
    ['another beginning', [2, 3]],
    ['another direction', [2, 1]],
  ])('must number its phrases 1, 2, 3 …: %s', async (_, orders) => {
    const phrases = orders.map((order) => phrase(order));

    expect(await faultsOf(batch({ dialogues: [dialogue({ phrases })] }))).toEqual([
      { field: 'dialogues[0].phrases', error: 'Phrases must have consecutive order starting from 1' },
    ]);
  });

  it('is told of the order of phrases also when they have other faults', async () => {
    const phrases = [phrase(1, { reference_text: 'Hi' }), phrase(3)];

    expect(await faultsOf(batch({ dialogues: [dialogue({ phrases })] }))).toEqual([
      { field: 'dialogues[0].phrases[0].reference_text', error: 'String too short (minimum 5 characters)' },
      { field: 'dialogues[0].phrases', error: 'Phrases must have consecutive order starting from 1' },
    ]);
  });

  it.each([
    [
      'dialogues',
      51,
      { dialogues: Array.from({ length: 51 }, () => dialogue()) },
      'Too many items (maximum 50 items)',
    ],
    ['dialogues', 0, { dialogues: [] }, 'Too few items (minimum 1 item)'],
    [
      'dialogues[0].phrases',
      13,
      { dialogues: [dialogue({ phrases: Array.from({ length: 13 }, (_, index) => phrase(index + 1)) })] },
      'Too many items (maximum 12 items)',
    ],
  ])('may not hold as many %s as %i', async (field, _count, overrides, error) => {
    expect(await faultsOf(batch(overrides))).toEqual([{ field, error }]);
  });

  it.each([
    [
      'dialogues[0].title',
      { dialogues: [dialogue({ title: '🙂'.repeat(4) })] },
      'String too short (minimum 5 characters)',
    ],
    [
      'dialogues[0].title',
      { dialogues: [dialogue({ title: '🙂'.repeat(201) })] },
      'String too long (maximum 200 characters)',
    ],
    [
      'dialogues[0].title',
      { dialogues: [dialogue({ title: ' \t\u00a0\u3000 \n' })] },
      'String too short (minimum 5 characters)',
    ],
    [
      'dialogues[0].description',
      { dialogues: [dialogue({ description: 'x'.repeat(501) })] },
      'String too long (maximum 500 characters)',
    ],
    [
      'dialogues[0].phrases[1].reference_text',
      { dialogues: [dialogue({ phrases: [phrase(1), phrase(2, { reference_text: '🙂'.repeat(501) })] })] },
      'String too long (maximum 500 characters)',
    ],
    ['source', { source: 'x'.repeat(101) }, 'String too long (maximum 100 characters)'],
    ['source', { source: '  ' }, 'String is empty (minimum 1 character)'],
    [
      'dialogues[0].title',
      { dialogues: [dialogue({ title: 'A \u0000 in it' })] },
      'String contains a NUL character (U+0000), which is not allowed',
    ],
    [
      'source',
      { source: 'half \ud83d pair' },
      'String contains a lone surrogate, which is not valid Unicode text',
    ],
  ])('may not have such text in %s: %j', async (field, overrides, error) => {
    expect(await faultsOf(batch(overrides))).toEqual([{ field, error }]);
  });

  it.each([
    'batch-2026-3-02-101500',
    'batch-2026-03-02-1015',
    'BATCH-2026-03-02-101500',
    ' batch-2026-03-02-101500',
    'batch-2026-03-02-101500\n',
  ])('must have a batch id of the right form, unlike %j', async (batch_id) => {
    expect((await faultsOf(batch({ batch_id }))).map(({ field }) => field)).toEqual(['batch_id']);
  });

  it('must carry the batch id of its X-Batch-Id header', async () => {
    const sent = batch();
    const other = newBatchId();

    const { status, body } = await world.post(sent, { headers: { 'X-Batch-Id': other } });

    expect(status).toBe(400);
    expect(body).toMatchObject({ error: 'validation_error', details: [{ field: 'X-Batch-Id' }] });
  });

  it('must be JSON', async () => {
    const { status, body } = await world.post('{"dialogues": [');

    expect(status).toBe(400);
    expect(body).toMatchObject({ success: false, error: 'validation_error', code: 'validation_error' });
    expect(body['message']).toContain('not valid JSON');
  });

  it.each(['', 'null', '[]', '"text"', '7'])('must be an object, not %j', async (text) => {
    const { status, body } = await world.post(text);

    expect(status).toBe(400);
    expect(body['error']).toBe('validation_error');
  });

  it('must come as application/json', async () => {
    const { status, body } = await world.post('<batch/>', { headers: { 'content-type': 'application/xml' } });

    expect(status).toBe(415);
    expect(body).toMatchObject({ success: false, error: 'unsupported_media_type' });
  });

  it('may not be larger than the limit, which is named', async () => {
    const { status, body } = await world.post(`"${'x'.repeat(8 * 1024 * 1024)}"`);

    expect(status).toBe(413);
    expect(body).toMatchObject({ success: false, error: 'payload_too_large' });
    expect(body['message']).toContain('8388608');
  });

  it('is not looked into for members of other prototypes', async () => {
    const { status } = await world.post(JSON.stringify(batch()).replace('{', '{"__proto__":{"source":"x"},'));

    expect(status).toBe(400);
  });

  it('may only be asked for with known query members', async () => {
    const { status, body } = await world.post(batch(), { query: '?dry_run=yes&dryrun=true' });

    expect(status).toBe(400);
    expect((body['details'] as Fault[]).map(({ field }) => field)).toEqual(['dry_run', 'dryrun']);
  });
});
