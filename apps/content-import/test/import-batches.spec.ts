import { batch, dialogue, reservation } from './support/batches.js';
import { startWorld, type World } from './support/world.js';

describe('what became of batches', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  const list = async (query: string): Promise<{ ids: string[]; next: string | null }> => {
    const { status, body } = await world.call(`/api/v1/admin/bulk-import${query}`);
    expect(status).toBe(200);
    return {
      ids: (body['items'] as { batch_id: string }[]).map(({ batch_id }) => batch_id),
      next: body['next_cursor'] as string | null,
    };
  };

  it('can be read with counts and ids', async () => {
    const sent = batch({ dialogues: [reservation(), dialogue()] });
    const answer = await world.post(sent);

    const { status, body } = await world.call(`/api/v1/admin/bulk-import/${sent.batch_id}`);

    expect(status).toBe(200);
    expect(body).toMatchObject({
      batch_id: sent.batch_id,
      source: sent.source,
      status: 'completed',
      attempts: 1,
      imported: answer.body['imported'],
      error_message: null,
      results: answer.body['results'],
      processed_at: answer.body['processed_at'],
    });
  });

  it.each(['batch-1999-01-01-000000', 'unknown', '%00', '%F0%9F%99%82'])('is 404 for %s', async (id) => {
    const { status, body } = await world.call(`/api/v1/admin/bulk-import/${id}`);

    expect(status).toBe(404);
    expect(body).toMatchObject({ success: false, error: 'not_found', code: 'not_found', status: 404 });
  });

  it('is listed newest first, page by page, each batch once, also when new ones arrive in between', async () => {
    const sent = Array.from({ length: 5 }, () => batch({ source: 'paged' }));
    for (const one of sent) await world.post(one);
    const newestFirst = sent.map(({ batch_id }) => batch_id).reverse();

    const first = await list('?source=paged&limit=2');
    await world.post(batch({ source: 'paged' }));
    const second = await list(`?source=paged&limit=2&cursor=${String(first.next)}`);
    const third = await list(`?source=paged&limit=2&cursor=${String(second.next)}`);

    expect([...first.ids, ...second.ids, ...third.ids]).toEqual(newestFirst);
    expect(third.next).toBeNull();
  });

  it('has no further page when the last one is full', async () => {
    await world.post(batch({ source: 'exact' }));
    await world.post(batch({ source: 'exact' }));

    expect((await list('?source=exact&limit=2')).next).toBeNull();
  });

  it('is narrowed by status and source together', async () => {
    const done = batch({ source: 'narrowed' });
    await world.post(done);
    await world.sql(
      `INSERT INTO import_batches (batch_id, source, payload_hash, status) VALUES ('batch-2026-01-01-000001', 'narrowed', '', 'failed')`,
    );

    expect((await list('?source=narrowed&status=failed')).ids).toEqual(['batch-2026-01-01-000001']);
    expect((await list('?source=narrowed&status=completed')).ids).toEqual([done.batch_id]);
    expect((await list('?source=nobody')).ids).toEqual([]);
  });

  it.each([
    ['limit', 'limit=0'],
    ['limit', 'limit=201'],
    ['limit', 'limit=x'],
    ['cursor', 'cursor=abc'],
    ['cursor', `cursor=${Buffer.from('[3000000000]').toString('base64url')}`],
    ['cursor', `cursor=${Buffer.from('["1"]').toString('base64url')}`],
    ['status', 'status=processing'],
    ['source', 'source=%00'],
    ['sauce', 'sauce=x'],
  ])('cannot be listed with a wrong %s: %s', async (field, query) => {
    const { status, body } = await world.call(`/api/v1/admin/bulk-import?${query}`);

    expect(status).toBe(400);
    expect((body['details'] as { field: string }[]).map((fault) => fault.field)).toEqual([field]);
  });
});
