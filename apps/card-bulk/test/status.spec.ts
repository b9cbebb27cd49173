import { eventually } from '@hornbook/testing';
import { card, cards } from './support/cards.js';
import { holdImportsOf } from './support/hold.js';
import { startWorld, type World } from './support/world.js';

const UNKNOWN = '019cb3a1-7c1e-7000-8000-5d1f6b9a0c11';

describe('the status of an operation', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterEach(() => world.expectExactLedger());
  afterAll(() => world.stop());

  const accept = async (as: string, options: Record<string, unknown> = {}, count = 2_000): Promise<string> =>
    String((await world.post('/bulk/import', { cards: cards(count), ...options }, { as })).body['task_id']);
  const started = (id: string, as: string): Promise<unknown> =>
    eventually(async () => (await world.call(`/bulk/status/${id}`, { as })).body['status'] === 'STARTED');

  it('is the same 404 for a foreign id and an unknown one, on every route of a task', async () => {
    const id = await accept('mine', {}, 1);
    await world.finished(id, { as: 'mine' });

    for (const [method, path] of [
      ['GET', '/bulk/status/ID'],
      ['DELETE', '/bulk/tasks/ID'],
      ['POST', '/bulk/tasks/ID/resume'],
      ['POST', '/bulk/tasks/ID/retry-failed'],
      ['GET', '/bulk/tasks/ID/events'],
      ['GET', '/bulk/tasks/ID/errors'],
      ['GET', '/bulk/tasks/ID/file'],
    ] as const) {
      const [foreign, unknown, none] = await Promise.all(
        [id, UNKNOWN, 'no-id-at-all'].map(async (named) => {
          const { status, body } = await world.call(path.replace('ID', named), { method, as: 'stranger' });
          return { status, code: body['code'], detail: String(body['detail']).replace(named, 'ID') };
        }),
      );
      expect({ path, ...foreign }).toMatchObject({ path, status: 404, code: 'not_found' });
      expect(unknown).toEqual(foreign);
      expect(none).toEqual(foreign);
    }
  });

  it('is open to an admin who acts for the owner, and to nobody else who says so', async () => {
    const id = await accept('acted-for', {}, 1);
    await world.finished(id, { as: 'acted-for' });
    const path = `/bulk/status/${id}?owner=acted-for`;

    expect((await world.call(path, { as: { owner: 'root', roles: ['admin'] } })).status).toBe(200);
    expect((await world.call(path, { as: 'stranger' })).status).toBe(403);
    expect((await world.call(path, { as: null })).status).toBe(401);
  });

  it('is 410 once the operation has expired', async () => {
    const id = await accept('late', {}, 1);
    await world.finished(id, { as: 'late' });
    await world.sql(`UPDATE tasks SET expires_at = now() - interval '1 s' WHERE id = $1`, [id]);

    const { status, body } = await world.call(`/bulk/status/${id}`, { as: 'late' });

    expect([status, body['code']]).toEqual([410, 'gone']);
    expect((await world.call(`/bulk/status/${id}`, { as: 'stranger' })).status).toBe(404);
  });

  it('shows the progress in every state, with rate and expected rest while it runs', async () => {
    const as = 'progress';
    const letGo = await holdImportsOf(world, as);
    const waiting = await accept(as, { run_at: new Date(Date.now() + 3_600_000).toISOString() });
    const running = await accept(as);
    await started(running, as);

    const pending = await world.call(`/bulk/status/${waiting}`, { as });
    const begun = await world.call(`/bulk/status/${running}`, { as });
    await letGo();
    const done = await world.finished(running, { as });

    const none = { current: 0, total: 2_000, percent: 0, rate_per_second: null, eta_seconds: null };
    expect(pending.body).toMatchObject({ status: 'PENDING', progress: none, completed_at: null });
    expect(pending.headers.get('retry-after')).toBe('1');
    expect(begun.body).toMatchObject({
      status: 'STARTED',
      progress: none,
      started_at: expect.any(String),
    });
    expect(done.body).toMatchObject({
      status: 'SUCCESS',
      progress: {
        current: 2_000,
        total: 2_000,
        percent: 100,
        rate_per_second: expect.any(Number),
        eta_seconds: null,
      },
    });
    expect(done.headers.has('retry-after')).toBe(false);
    await world.call(`/bulk/tasks/${waiting}`, { method: 'DELETE', as });
  });

  it('keeps the time of its end, however often it is asked for', async () => {
    const id = await accept('ended', {}, 1);
    const first = await world.finished(id, { as: 'ended' });

    const second = await world.call(`/bulk/status/${id}`, { as: 'ended' });

    expect(second.body).toEqual(first.body);
    expect(second.headers.get('etag')).toBe(first.headers.get('etag'));
  });

  it('is not sent again to whoever has it', async () => {
    const id = await accept('cached', {}, 1);
    const etag = (await world.finished(id, { as: 'cached' })).headers.get('etag') as string;
    const ask = (tag: string): Promise<number> =>
      world
        .call(`/bulk/status/${id}`, { as: 'cached', headers: { 'if-none-match': tag } })
        .then(({ status }) => status);

    expect(etag).toMatch(/^"\d+"$/);
    expect([await ask(etag), await ask(`W/${etag}`), await ask('"0"')]).toEqual([304, 304, 200]);
  });

  it('comes as soon as it has changed to whoever waits with the version at hand', async () => {
    const as = 'waits';
    const letGo = await holdImportsOf(world, as);
    const id = await accept(as);
    await started(id, as);
    const { headers } = await world.call(`/bulk/status/${id}`, { as });
    const etag = headers.get('etag') as string;

    const asked = world.call(`/bulk/status/${id}?wait=60`, { as, headers: { 'if-none-match': etag } });
    await letGo();
    const answer = await asked;

    expect(answer.status).toBe(200);
    expect(answer.headers.get('etag')).not.toBe(etag);
    await world.finished(id, { as });
  });

  it('is answered unchanged when the wait is over', async () => {
    const as = 'patient';
    const id = await accept(as, { run_at: new Date(Date.now() + 3_600_000).toISOString() }, 1);
    const { headers } = await world.call(`/bulk/status/${id}`, { as });

    const answer = await world.call(`/bulk/status/${id}?wait=1`, {
      as,
      headers: { 'if-none-match': headers.get('etag') as string },
    });

    expect(answer.status).toBe(304);
    await world.call(`/bulk/tasks/${id}`, { method: 'DELETE', as });
  });

  it.each([
    ['wait=61', 'wait'],
    ['wait=-1', 'wait'],
    ['wait=soon', 'wait'],
    ['what=1', 'what'],
  ])('refuses ?%s and names the member', async (query, field) => {
    const { status, body } = await world.call(`/bulk/status/${UNKNOWN}?${query}`);

    expect(status).toBe(400);
    expect(body['details']).toEqual([expect.objectContaining({ field })]);
  });

  it('says RETRY with the reason while a chunk that failed waits to be tried again', async () => {
    const as = 'retries';
    await world.sql(`CREATE FUNCTION break_once() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'broken for a test' USING ERRCODE = '58000'; END $$`);
    await world.sql(`CREATE TRIGGER break_once BEFORE INSERT ON cards FOR EACH ROW WHEN (new.owner = 'retries')
      EXECUTE FUNCTION break_once()`);
    const id = await accept(as, {}, 1);

    const { body } = await eventually(async () => {
      const answer = await world.call(`/bulk/status/${id}`, { as });
      return answer.body['status'] === 'RETRY' && answer;
    });
    await world.sql('DROP TRIGGER break_once ON cards');

    expect(body).toMatchObject({ error: expect.any(String), error_code: 'chunk_failed' });
    expect(body['error']).not.toContain('broken for a test');
    const done = await world.finished(id, { as });
    expect(done.body).toMatchObject({ status: 'SUCCESS', result: { cards_imported: 1 } });
    expect(done.body).not.toHaveProperty('error');
  });

  it("lists an owner's operations, newest first, by kind and by status", async () => {
    const as = 'lists';
    const ids = [];
    for (let n = 0; n < 3; n++) ids.unshift(await accept(as, {}, 1));
    for (const id of ids) await world.finished(id, { as });
    await world.import([card({ title: '' })], { on_error: 'atomic' }, { as });

    const all = await world.call('/bulk/tasks?status=SUCCESS&kind=import', { as });
    const pages = await world.call('/bulk/tasks?limit=2', { as });

    expect((all.body['items'] as { task_id: string }[]).map(({ task_id }) => task_id)).toEqual(ids);
    expect(pages.body['items']).toHaveLength(2);
    expect(pages.body['next_cursor']).toEqual(expect.any(String));
    expect((await world.call('/bulk/tasks?kind=export', { as })).body['items']).toEqual([]);
  });
});
