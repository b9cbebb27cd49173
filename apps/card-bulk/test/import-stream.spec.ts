import { gzipSync, zstdCompressSync } from 'node:zlib';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import type { FileStore } from '@hornbook/file-store';
import { eventually } from '@hornbook/testing';
import { FILE_STORE } from '../src/files/file-store.provider.js';
import { Uploads } from '../src/files/uploads.js';
import { card, cards } from './support/cards.js';
import { importFile, ndjson, upload, uploadsOf } from './support/uploads.js';
import { startWorld, type World } from './support/world.js';

const csv = (titles: readonly string[]): string =>
  `title,body,privacy_level\r\n${titles.map((title) => `${title},text,BUSINESS\r\n`).join('')}`;

describe('the import of a file', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ env: { MAX_UPLOAD_BYTES: '3000000' } });
  });
  afterEach(() => world.expectExactLedger());
  afterAll(() => world.stop());

  const countOf = async (owner: string): Promise<number> => {
    const [row] = await world.sql('SELECT count(*)::int AS count FROM cards WHERE owner = $1', [owner]);
    return row?.['count'] as number;
  };
  const taskCount = async (): Promise<number> => {
    const [row] = await world.sql('SELECT count(*)::int AS count FROM tasks');
    return row?.['count'] as number;
  };

  it('is taken on with the five members of the seed once the file is whole', async () => {
    const { status, body, headers } = await upload(world, 'ndjson', ndjson(cards(2)));

    expect(status).toBe(202);
    expect(body).toEqual({
      task_id: expect.any(String),
      status: 'PENDING',
      message: expect.stringMatching(/^Bulk import initiated for a file of \d+ bytes$/),
      estimated_duration_seconds: 1,
      check_status_url: `/bulk/status/${body['task_id']}`,
    });
    expect(headers.get('location')).toBe(body['check_status_url']);
    await world.finished(body['task_id']);
  });

  it.each([
    ['plain', (text: string) => Buffer.from(text), {}],
    ['packed with gzip', gzipSync, { 'content-encoding': 'gzip' }],
    ['packed with zstd', zstdCompressSync, { 'content-encoding': 'zstd' }],
    ['packed, though it does not say so', gzipSync, {}],
  ])('stores, publishes and rewards every row: NDJSON, %s', async (how, pack, headers) => {
    const as = `ndjson ${how}`;
    const rows = [...cards(2_345), ...cards(5, { privacy_level: 'PRIVATE' })];

    const { body } = await importFile(world, 'ndjson', pack(ndjson(rows)), { as, headers });

    expect(body).toMatchObject({
      status: 'SUCCESS',
      outcome: 'complete',
      progress: { current: 2_350, total: 2_350, percent: 100 },
      result: { cards_imported: 2_350, cards_published: 2_345, extropy_earned: '2345.00000000' },
    });
    expect(await countOf(as)).toBe(2_350);
  });

  it('stores every row of CSV, with a byte order mark and Windows line ends', async () => {
    const as = 'csv';

    const { body } = await importFile(world, 'csv', `\ufeff${csv(['a', 'b', 'c'])}`, { as });

    expect(body['result']).toMatchObject({ cards_imported: 3, cards_failed: 0 });
  });

  it('reads other delimiters when it is told so', async () => {
    const file = csv(['a', 'b']).replaceAll(',', ';');

    const { body } = await importFile(world, 'csv', file, { as: 'semicolons', query: { delimiter: ';' } });

    expect(body['result']).toMatchObject({ cards_imported: 2 });
  });

  it('takes the options of the JSON import as its query', async () => {
    const as = 'options';
    const query = { publish_business: 'false', on_duplicate: 'skip', match_on: 'content' };
    const twice = { title: 'The same', body: 'twice' };

    const { body } = await importFile(world, 'ndjson', ndjson([card(twice), card(twice), card()]), {
      as,
      query,
    });

    expect(body['result']).toMatchObject({ cards_imported: 2, cards_skipped: 1, cards_published: 0 });
  });

  it.each([
    [{ on_error: 'never' }, 'on_error'],
    [{ delimiter: '#' }, 'delimiter'],
    [{ dry_run: 'yes' }, 'dry_run'],
    [{ cards: '[]' }, 'cards'],
  ])('refuses the query %j by the name of its member', async (query, field) => {
    const { status, body } = await upload(world, 'ndjson', ndjson(cards(1)), { query });

    expect(status).toBe(400);
    expect(JSON.stringify(body['details'])).toContain(field);
  });

  it('is one task for one Idempotency-Key and the same bytes, and keeps one file', async () => {
    const as = 'once';
    const call = { as, headers: { 'idempotency-key': 'file-once' } };
    const file = ndjson(cards(3));

    const first = await upload(world, 'ndjson', file, call);
    const before = await uploadsOf(world);
    const again = await upload(world, 'ndjson', file, call);
    const other = await upload(world, 'ndjson', ndjson(cards(3)), call);

    expect([first.status, again.status, other.status]).toEqual([202, 202, 422]);
    expect(again.body['task_id']).toBe(first.body['task_id']);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(await uploadsOf(world)).toEqual(before);
    await world.finished(first.body['task_id'], { as });
    expect(await countOf(as)).toBe(3);
  });

  it('that is cut in the middle of the upload leaves nothing and is no task', async () => {
    const [tasks, files] = [await taskCount(), await uploadsOf(world)];
    const identity = await world.identity({ owner: 'cut' });
    const sending = request(`${world.url}/bulk/import/stream`, {
      method: 'POST',
      headers: { ...identity, 'content-type': 'application/x-ndjson', 'content-length': '1000000' },
    });
    sending.on('error', () => undefined);
    sending.write(ndjson(cards(100)));
    await eventually(async () => (await uploadsOf(world)).length > files.length, {
      description: 'the upload to begin',
    });

    sending.destroy();

    await eventually(async () => (await uploadsOf(world)).length === files.length, {
      description: 'the unfinished file to be removed',
    });
    expect(await taskCount()).toBe(tasks);
    expect(await countOf('cut')).toBe(0);
    expect(world.log.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  });

  it('whose process died before there was a task is removed a day later, and no other file is', async () => {
    const uploads = world.app.get(Uploads);
    const files = world.app.get<FileStore>(FILE_STORE);
    const run_at = new Date(Date.now() + 3_600_000).toISOString();
    const waiting = await upload(world, 'ndjson', ndjson(cards(2)), { query: { run_at } });
    const kept = await uploadsOf(world);
    for (const key of ['uploads/dead', 'uploads/under-way']) {
      await uploads.begin(key);
      await files.write(key, Readable.from([Buffer.from('{}')]));
    }
    await uploads.begin('uploads/dead-before-a-byte');
    await world.sql(
      `UPDATE uploads SET created_at = now() - interval '25 hours' WHERE key LIKE 'uploads/dead%'`,
    );

    await uploads.sweep();

    expect((await uploadsOf(world)).sort()).toEqual([...kept, 'under-way'].sort());
    expect(await world.sql('SELECT key FROM uploads')).toEqual([{ key: 'uploads/under-way' }]);
    await uploads.drop('uploads/under-way');
    // A file that is a task's is not dropped, whatever its sender was told.
    await uploads.drop(`uploads/${waiting.body['task_id']}`);
    expect(await uploadsOf(world)).toEqual(kept);
    await world.call(`/bulk/tasks/${waiting.body['task_id']}`, { method: 'DELETE' });
  });

  it.each([
    ['says its length', Buffer.alloc(3_000_001, 'x')],
    ['does not', new Blob([Buffer.alloc(3_000_001, 'x')]).stream()],
  ])('that is too large is refused with the limit and leaves nothing, when it %s', async (_, body) => {
    const files = await uploadsOf(world);

    const answer = await upload(world, 'ndjson', body);

    expect(answer.status).toBe(413);
    expect(answer.body).toMatchObject({ code: 'payload_too_large', limit_bytes: 3_000_000 });
    expect(await uploadsOf(world)).toEqual(files);
  });

  it.each([
    [{ 'content-type': 'application/x-www-form-urlencoded' }, 'Content-Type'],
    [{ 'content-type': 'application/json' }, 'Content-Type'],
    [{ 'content-encoding': 'br' }, 'Content-Encoding'],
  ])('is refused with 415 when it comes with %j', async (headers, named) => {
    const { status, body } = await upload(world, 'ndjson', '{}', { headers });

    expect(status).toBe(415);
    expect(body['detail']).toContain(named);
  });

  it('of which nobody says what it is, is refused with the name of the member', async () => {
    const { status, body } = await upload(world, 'ndjson', '{}', {
      headers: { 'content-type': 'application/octet-stream' },
    });

    expect(status).toBe(400);
    expect(body['details']).toMatchObject([{ field: 'format', code: 'required' }]);
  });

  it('is nothing for the other routes', async () => {
    const { status } = await world.post('/bulk/export', 'title,body', {
      headers: { 'content-type': 'text/csv' },
    });

    expect(status).toBe(415);
  });
});
