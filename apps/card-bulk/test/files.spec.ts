import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { LinkSigner } from '@hornbook/file-store';
import { Tasks } from '@hornbook/tasks';
import { CardBulkConfig } from '../src/config.js';
import { cards } from './support/cards.js';
import { exportCards, type Export } from './support/exports.js';
import { startWorld, type World } from './support/world.js';

const as = 'reader';

describe('the file of an export', () => {
  let world: World;
  let done: Export;
  let path: string;
  const get = (headers: Record<string, string> = {}) => world.call(path, { as, headers });
  beforeAll(async () => {
    world = await startWorld();
    await world.import(cards(50), {}, { as });
    done = await exportCards(world, { format: 'ndjson' }, { as });
    path = `/bulk/tasks/${done.taskId}/file`;
  });
  afterAll(() => world.stop());

  it('comes with its length, checksum and tag', async () => {
    const { bytes, headers } = await get();

    const digest = createHash('sha256').update(bytes).digest();
    expect(headers.get('content-length')).toBe(String(bytes.length));
    expect(headers.get('repr-digest')).toBe(`sha-256=:${digest.toString('base64')}:`);
    expect(headers.get('etag')).toBe(`"${digest.toString('hex')}"`);
    expect(headers.get('accept-ranges')).toBe('bytes');
    expect(done.status['result']).toMatchObject({ sha256: digest.toString('hex'), file_url: path });
  });

  it('is not sent again to who has it', async () => {
    const { status, bytes } = await get({ 'if-none-match': done.file.headers.get('etag') ?? '' });

    expect(status).toBe(304);
    expect(bytes).toHaveLength(0);
  });

  it.each([
    ['bytes=0-9', 0, 10],
    ['bytes=100-', 100, undefined],
    ['bytes=-7', -7, undefined],
  ])('answers %s with 206 and that part', async (range, start, end) => {
    const { status, bytes, headers } = await get({ range });

    const whole = done.file.bytes;
    const part = whole.subarray(start, end);
    const first = start < 0 ? whole.length + start : start;
    expect(status).toBe(206);
    expect(bytes.equals(part)).toBe(true);
    expect(headers.get('content-range')).toBe(`bytes ${first}-${first + part.length - 1}/${whole.length}`);
    expect(headers.get('content-length')).toBe(String(part.length));
  });

  it('goes on behind a cut by If-Range, and starts anew when the file is another one', async () => {
    const etag = done.file.headers.get('etag') ?? '';
    const rest = await get({ range: 'bytes=10-', 'if-range': etag });
    const other = await get({ range: 'bytes=10-', 'if-range': '"another"' });

    expect(rest.status).toBe(206);
    expect(rest.bytes.equals(done.file.bytes.subarray(10))).toBe(true);
    expect(other.status).toBe(200);
    expect(other.bytes.equals(done.file.bytes)).toBe(true);
  });

  it('answers a range behind its end with 416 and its size', async () => {
    const { status, headers, body } = await get({ range: 'bytes=100000000-' });

    expect(status).toBe(416);
    expect(headers.get('content-range')).toBe(`bytes */${done.file.bytes.length}`);
    expect(body['code']).toBe('range_not_satisfiable');
  });

  it('is the same 404 for a stranger as a file that there is not', async () => {
    const foreign = await world.call(path, { as: 'stranger' });
    const unknown = await world.call('/bulk/tasks/0196e7b0-0000-7000-8000-000000000000/file', { as });

    expect([foreign.status, unknown.status]).toEqual([404, 404]);
    expect(foreign.body['code']).toBe(unknown.body['code']);
  });

  it('is a conflict while there is none, and of a task that writes none', async () => {
    const later = await world.post('/bulk/export', { run_at: '2999-01-01T00:00:00Z' }, { as });
    const waiting = await world.call(`/bulk/tasks/${later.body['task_id']}/file`, { as });
    const imported = await world.import(cards(1), {}, { as });
    const none = await world.call(`/bulk/tasks/${imported.body['task_id']}/file`, { as });

    expect([waiting.status, none.status]).toEqual([409, 409]);
    await world.call(`/bulk/tasks/${later.body['task_id']}`, { method: 'DELETE', as });
  });

  it('is gone with its task, from the disk as well', async () => {
    const folder = world.app.get(CardBulkConfig).fileStoreFolder;
    const { taskId } = await exportCards(world, { format: 'csv' }, { as });
    const filesOf = async () => (await readdir(`${folder}/exports`)).filter((name) => name === taskId);
    expect(await filesOf()).toHaveLength(1);

    await world.sql(`UPDATE tasks SET expires_at = now() - interval '1 s' WHERE id = $1`, [taskId]);

    expect((await world.call(`/bulk/tasks/${taskId}/file`, { as })).status).toBe(410);
    const [task] = await world.sql('SELECT id, kind FROM tasks WHERE id = $1', [taskId]);
    // What the retention of tasks calls once a minute.
    await world.app
      .get(Tasks)
      .kinds.get(String(task?.['kind']))
      ?.discard?.(task as never);
    expect(await filesOf()).toHaveLength(0);
  });

  describe('by its link', () => {
    const follow = (url: string) => world.call(url, { as: null });

    it('needs no other credentials', async () => {
      const { status, bytes } = await follow(String(done.status['result'].download_url));

      expect(status).toBe(200);
      expect(bytes.equals(done.file.bytes)).toBe(true);
    });

    it('opens nothing else, and nothing when it was changed', async () => {
      const url: string = done.status['result'].download_url;
      const other = await exportCards(world, { format: 'csv' }, { as });

      expect((await follow(url.replace(done.taskId, other.taskId))).status).toBe(404);
      expect((await follow(`${url.slice(0, -2)}xx`)).status).toBe(404);
      expect((await follow(url.split('?')[0] ?? '')).status).toBe(404);
      expect((await world.call(`/bulk/status/${done.taskId}`, { as: null })).status).toBe(401);
    });

    it('expires, and is made anew for the owner alone', async () => {
      const link = await world.call(`/bulk/tasks/${done.taskId}/link`, { method: 'POST', as });
      const denied = await world.call(`/bulk/tasks/${done.taskId}/link`, { method: 'POST', as: 'stranger' });

      expect(link.status).toBe(201);
      expect((await follow(String(link.body['download_url']))).status).toBe(200);
      expect(denied.status).toBe(404);
      const token = world.app
        .get(LinkSigner)
        .sign(`GET /bulk/downloads/${done.taskId}`, new Date(Date.now() - 1_000));
      const expired = await follow(`/bulk/downloads/${done.taskId}?token=${token}`);
      expect(expired.status).toBe(404);
    });
  });
});
