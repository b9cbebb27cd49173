import { startWorld, type World } from './support/world.js';

/**
 * The calls of seed 002's examples ("Python Client" and "cURL Examples"): the same requests in the same order, with
 * the same members, read the same way.
 */
describe('the client of seed 002', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterEach(() => world.expectExactLedger());
  afterAll(() => world.stop());

  const headers = { 'content-type': 'application/json' };
  const post = (path: string, payload: unknown, as: string) =>
    world.call(path, { method: 'POST', headers, body: JSON.stringify(payload), as });

  it('imports a thousand cards and polls until they are there', async () => {
    const as = 'python';
    const cardsData = Array.from({ length: 1_000 }, (_, i) => ({
      title: `Card ${i}`,
      body: `Content ${i}`,
      category: 'BUSINESS',
      privacy_level: 'BUSINESS',
      tags: ['test'],
    }));

    const response = await post(
      '/bulk/import',
      { cards: cardsData, publish_business: true, publish_ideas: true },
      as,
    );
    const taskId = String(response.body['task_id']);
    const seen: unknown[] = [];
    let result: unknown;
    for (;;) {
      // Its sleep between two polls is our long poll.
      const { body } = await world.call(`/bulk/status/${taskId}?wait=5`, { headers, as });
      if (body['status'] === 'SUCCESS') {
        result = body['result'];
        break;
      }
      if (body['status'] === 'FAILURE') throw new Error(String(body['error']));
      seen.push(body['progress']);
    }

    expect(result).toMatchObject({
      cards_imported: 1_000,
      cards_failed: 0,
      cards_published: 1_000,
      extropy_earned: '1000.00000000',
      errors: [],
      duration_seconds: expect.any(Number),
    });
    for (const progress of seen)
      expect(progress).toMatchObject({
        current: expect.any(Number),
        total: 1_000,
        percent: expect.any(Number),
      });
  });

  it('imports one card, exports what is public, and checks the status', async () => {
    const as = 'curl';
    const imported = await post(
      '/bulk/import',
      {
        cards: [
          { title: 'Test Card', body: 'Content', category: 'BUSINESS', privacy_level: 'BUSINESS', tags: [] },
        ],
        publish_business: true,
        publish_ideas: true,
      },
      as,
    );
    await world.finished(imported.body['task_id'], { as });
    const exported = await post(
      '/bulk/export',
      { format: 'json', privacy_levels: ['BUSINESS', 'IDEAS'], include_metadata: true },
      as,
    );
    await world.finished(exported.body['task_id'], { as });

    const { body } = await world.call(`/bulk/status/${exported.body['task_id']}`, { as });

    expect(Object.keys(exported.body)).toEqual([
      'task_id',
      'status',
      'message',
      'estimated_duration_seconds',
      'check_status_url',
    ]);
    expect(exported.body).toMatchObject({
      status: 'PENDING',
      message: 'Bulk export initiated in json format',
      check_status_url: `/bulk/status/${exported.body['task_id']}`,
    });
    expect(body).toMatchObject({
      status: 'SUCCESS',
      result: {
        cards_exported: 1,
        export_format: 'json',
        export_data: expect.any(String),
        file_size_bytes: expect.any(Number),
        duration_seconds: expect.any(Number),
      },
    });
    expect(JSON.parse(String(body['result'].export_data))).toMatchObject([
      { title: 'Test Card', is_published: true },
    ]);
  });

  it('exports and deletes with the bodies of the reference', async () => {
    const as = 'reference';
    const unknown = ['550e8400-e29b-41d4-a716-446655440000', '6ba7b810-9dad-11d1-80b4-00c04fd430c8'];

    const exported = await post(
      '/bulk/export',
      {
        card_ids: null,
        privacy_levels: ['BUSINESS', 'IDEAS'],
        categories: null,
        published_only: false,
        format: 'json',
        include_metadata: true,
      },
      as,
    );
    const deleted = await post('/bulk/delete', { card_ids: unknown, soft_delete: true }, as);

    expect([exported.status, deleted.status]).toEqual([202, 202]);
    expect(deleted.body['message']).toBe('Bulk delete initiated for 2 cards');
    const { body } = await world.finished(deleted.body['task_id'], { as });
    expect(body['result']).toMatchObject({ cards_deleted: 0, cards_failed: 2, soft_delete: true });
    expect((await world.finished(exported.body['task_id'], { as })).body['result']).toMatchObject({
      cards_exported: 0,
    });
  });

  it('is refused in the words of the seed', async () => {
    const ids = Array.from({ length: 10_001 }, () => '550e8400-e29b-41d4-a716-446655440000');
    const detail = async (path: string, body: unknown): Promise<unknown[]> => {
      const answer = await post(path, body, 'refused');
      return [answer.status, String(answer.body['detail'])];
    };

    expect(await detail('/bulk/import', { cards: [] })).toEqual([400, 'No cards provided for import']);
    expect(await detail('/bulk/export', { format: 'xml' })).toEqual([
      400,
      'Invalid format. Must be one of: json, markdown, csv',
    ]);
    expect(await detail('/bulk/delete', { card_ids: [] })).toEqual([
      400,
      'No card IDs provided for deletion',
    ]);
    expect(await detail('/bulk/delete', { card_ids: ids })).toEqual([
      400,
      'Maximum 10,000 cards per delete operation',
    ]);
  });

  it('finds the service healthy', async () => {
    const { status, body } = await world.call('/bulk/health');

    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: 'healthy',
      service: 'bulk-operations',
      version: '1.0.0',
      celery_workers: 'healthy',
      worker_count: 1,
    });
  });
});
