import { startWorld, type Answer, type World } from './support/world.js';

describe('the webhooks of an owner', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterEach(() => world.expectExactLedger());
  afterAll(() => world.stop());

  let made = 0;
  const create = (as: string, body: Record<string, unknown> = {}, key?: string): Promise<Answer> =>
    world.post(
      '/bulk/webhooks',
      { url: `https://hooks.example.org/${++made}`, ...body },
      { as, ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }) },
    );
  const change = (id: string, as: string, body: unknown, ifMatch?: string): Promise<Answer> =>
    world.call(`/bulk/webhooks/${id}`, {
      method: 'PATCH',
      as,
      body,
      headers: ifMatch === undefined ? {} : { 'if-match': ifMatch },
    });

  it('show their secret when they are made, and never again', async () => {
    const as = 'once';
    const { status, body, headers } = await create(as, { url: 'https://hooks.example.org/mine' });

    expect(status).toBe(201);
    expect(body).toEqual({
      webhook_id: expect.any(String),
      url: 'https://hooks.example.org/mine',
      description: '',
      events: ['bulk.task.finished'],
      active: true,
      created_at: expect.any(String),
      updated_at: expect.any(String),
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
    });
    const path = `/bulk/webhooks/${body['webhook_id']}`;
    expect(headers.get('location')).toBe(path);
    const read = await world.call(path, { as });
    const { secret, ...rest } = body;
    expect(read.body).toEqual(rest);
    expect(JSON.stringify(await world.sql('SELECT * FROM webhooks'))).not.toContain(String(secret).slice(6));
  });

  it('are made once under one key, and not another one under the same key', async () => {
    const as = 'keyed';
    const body = { url: 'https://hooks.example.org/keyed' };

    const answers = await Promise.all([create(as, body, 'k'), create(as, body, 'k'), create(as, body, 'k')]);
    const other = await create(as, { url: 'https://hooks.example.org/other' }, 'k');

    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === 'true')).toHaveLength(2);
    expect([other.status, other.body['code']]).toEqual([422, 'idempotency_key_reused']);
    expect((await world.call('/bulk/webhooks', { as })).body['items']).toHaveLength(1);
  });

  it('are listed in pages, each of them once', async () => {
    const as = 'pages';
    const ids = [];
    for (let n = 0; n < 5; n++) ids.unshift((await create(as)).body['webhook_id']);

    const seen: unknown[] = [];
    for (let cursor = ''; ;) {
      const { body } = await world.call(`/bulk/webhooks?limit=2${cursor}`, { as });
      seen.push(...(body['items'] as { webhook_id: string }[]).map(({ webhook_id }) => webhook_id));
      if (body['next_cursor'] === null) break;
      cursor = `&cursor=${body['next_cursor']}`;
    }

    expect(seen).toEqual(ids);
    const wrong = await world.call('/bulk/webhooks?cursor=WzFd', { as });
    expect([wrong.status, wrong.body['details'][0].field]).toEqual([400, 'cursor']);
  });

  it('change only for whoever has seen their current version', async () => {
    const as = 'changes';
    const { body, headers } = await create(as);
    const id = String(body['webhook_id']);
    const etag = headers.get('etag') as string;

    const changed = await change(id, as, { active: false, description: 'off' }, etag);
    const stale = await change(id, as, { active: true }, etag);
    const blind = await change(id, as, { active: true });

    expect([changed.status, stale.status, blind.status]).toEqual([200, 412, 428]);
    expect(changed.body).toMatchObject({ active: false, description: 'off', url: body['url'] });
    expect(changed.headers.get('etag')).not.toBe(etag);
  });

  it('are unknown to everybody else', async () => {
    const { body } = await create('mine');
    const id = String(body['webhook_id']);
    const path = `/bulk/webhooks/${id}`;
    const unknown = '019cb3a1-7c1e-7000-8000-5d1f6b9a0c11';

    for (const [call, foreign] of [
      [{}, path],
      [{ method: 'DELETE', headers: { 'if-match': '*' } }, path],
      [{ method: 'POST' }, `${path}/test`],
      [{ method: 'POST', headers: { 'if-match': '*' } }, `${path}/secret`],
      [{}, `${path}/deliveries`],
    ] as const) {
      const theirs = await world.call(foreign, { ...call, as: 'stranger' });
      const nobodys = await world.call(foreign.replace(id, unknown), { ...call, as: 'stranger' });
      expect(theirs.status).toBe(404);
      expect(String(theirs.body['detail']).replace(id, unknown)).toBe(nobodys.body['detail']);
    }
    expect((await change(id, 'stranger', { active: false }, '*')).status).toBe(404);
    expect((await world.call(path, { as: 'mine' })).status).toBe(200);
    const admin = { sub: 'root', owner: 'root', roles: ['admin' as const] };
    expect((await world.call(`${path}?owner=mine`, { as: admin })).status).toBe(200);
  });

  it('are gone when they are deleted', async () => {
    const as = 'deletes';
    const { body } = await create(as);
    const path = `/bulk/webhooks/${body['webhook_id']}`;

    const { status } = await world.call(path, { method: 'DELETE', as, headers: { 'if-match': '*' } });

    expect(status).toBe(204);
    expect((await world.call(path, { as })).status).toBe(404);
  });

  it('are at most twenty', async () => {
    const as = 'many';

    const answers = await Promise.all(Array.from({ length: 22 }, () => create(as)));

    expect(answers.filter(({ status }) => status === 201)).toHaveLength(20);
    expect(answers.find(({ status }) => status === 409)?.body['detail']).toContain('At most 20 webhooks');
  });

  it.each([
    ['url', { url: 'ftp://example.org' }],
    ['url', { url: 'not a url' }],
    ['url', { url: 'https://user:secret@example.org/' }],
    ['url', { url: `https://example.org/${'x'.repeat(2_000)}` }],
    ['url', { url: 'http://127.0.0.1/' }],
    ['url', { url: 'http://169.254.169.254/latest' }],
    ['url', { url: 'http://[::ffff:10.0.0.1]/' }],
    ['url', { url: 'http://0x7f000001/' }],
    ['events', { events: [] }],
    ['events[0]', { events: ['everything'] }],
    ['description', { description: 'a\u0000b' }],
    ['secret', { secret: 'mine' }],
  ])('say what is wrong with %s: %j', async (field, changes) => {
    const { status, body } = await create('wrong', changes);

    expect(status).toBe(400);
    expect(body['details']).toEqual([expect.objectContaining({ field })]);
  });
});
