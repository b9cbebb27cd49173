import { IDENTITY_HEADER } from '@hornbook/contracts';
import { createTestDatabase, eventually, startTcpProxy, type TestDatabase } from '@hornbook/testing';
import pg from 'pg';
import { call, send, type Answer } from './support/call.js';
import { startService, type ScriptedService } from './support/scripted-service.js';
import { identityVerifier, startGateway, type TestGateway } from './support/start-gateway.js';
import { bearer } from './support/tokens.js';

let database: TestDatabase;
let service: ScriptedService;
let gateway: TestGateway;
let admin: Record<string, string>;
let names = 0;

beforeAll(async () => {
  database = await createTestDatabase({ services: ['gateway'] });
  service = await startService();
  gateway = await startGateway(database, {
    EXPORTER_URL: service.url,
    RATE_LIMIT_FAILED_AUTHENTICATIONS: '1000',
  });
  admin = await bearer();
});
afterAll(async () => {
  await gateway.stop();
  await service.die();
  await database.drop();
});

const keysUrl = (path = ''): string => `${gateway.url}/v1/api-keys${path}`;
const withKey = (key: unknown): Record<string, string> => ({ authorization: `Bearer ${String(key)}` });
const person = (sub: string, ...roles: string[]): Promise<Record<string, string>> => bearer({ sub, roles });

interface Made {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly [member: string]: unknown;
}

function post(headers: Record<string, string>, body: Record<string, unknown>): Promise<Answer> {
  return send(
    keysUrl(),
    'POST',
    { name: `key ${String(++names)}`, roles: ['curator'], scopes: ['*'], ...body },
    headers,
  );
}

async function make(headers: Record<string, string>, body: Record<string, unknown> = {}): Promise<Made> {
  const answer = await post(headers, body);
  expect(answer.status).toBe(201);
  return answer.json() as unknown as Made;
}

/** Status of a proxied request with a key. */
async function use(key: string): Promise<number> {
  return (await call(`${gateway.url}/api/v1/exports`, { headers: withKey(key) })).status;
}

/** Runs a statement on the gateway's tables. */
async function sql(text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: database.urlFor('gateway') });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text, values)).rows;
  } finally {
    await client.end();
  }
}

describe('making one', () => {
  test('it is shown once, and only its hash is kept', async () => {
    const answer = await post(admin, { name: 'shown once', roles: ['service'], scopes: ['exports:write'] });
    const made = answer.json();
    expect(answer.headers).toMatchObject({
      location: `/v1/api-keys/${String(made['id'])}`,
      'cache-control': 'no-store',
    });
    expect(made).toMatchObject({
      name: 'shown once',
      owner: 'ada',
      made_by: 'ada',
      roles: ['service'],
      scopes: ['exports:write'],
      expires_at: null,
    });
    expect(made['key']).toMatch(/^hb_live_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}$/);
    expect(String(made['key'])).toContain(String(made['prefix']));
    const read = await call(keysUrl(`/${String(made['id'])}`), { headers: admin });
    expect(read.json()).toEqual({ ...made, key: undefined });
    const rows = JSON.stringify(
      await sql('SELECT *, encode(hash, $1) AS hex, encode(hash, $2) AS escaped FROM api_keys', [
        'hex',
        'escape',
      ]),
    );
    expect(rows).not.toContain(String(made['key']).slice(-49));
    expect(JSON.stringify(gateway.log)).not.toContain(String(made['key']).slice(-49));
  });

  test('it calls as itself, for its owner, with its own roles and scopes', async () => {
    const { id, key } = await make(admin, { roles: ['reviewer'], scopes: ['exports:read'] });
    expect(await use(key)).toBe(200);
    expect(await identityVerifier.verify(String(service.lastRequest().headers[IDENTITY_HEADER]))).toEqual({
      sub: `key:${id}`,
      owner: 'ada',
      roles: ['reviewer'],
      scopes: ['exports:read'],
    });
  });

  test('its name is taken until it is revoked, for its owner alone', async () => {
    const { id } = await make(admin, { name: 'taken' });
    expect((await post(admin, { name: 'taken' })).status).toBe(409);
    await make(await person('grace', 'curator'), { name: 'taken' });
    await call(keysUrl(`/${id}`), { method: 'DELETE', headers: admin });
    await make(admin, { name: 'taken' });
  });

  test('of two that want one name at once, one gets it', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => post(admin, { name: 'wanted' })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409]);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['no name', { name: '' }, 'name'],
    ['no roles', { roles: [] }, 'roles'],
    ['an unknown role', { roles: ['root'] }, 'roles[0]'],
    ['a scope that is none', { scopes: ['a b'] }, 'scopes[0]'],
    ['an end in the past', { expires_at: '2001-01-01T00:00:00Z' }, 'expires_at'],
    ['a member that nobody knows', { hash: 'x' }, 'hash'],
  ])('%s is a fault', async (_name, body, field) => {
    const answer = await post(admin, body);
    expect(answer.status).toBe(400);
    expect(answer.json()['details']).toEqual([expect.objectContaining({ field })]);
  });
});

describe('what it may give', () => {
  test('not a role that its maker does not have', async () => {
    const answer = await post(await person('grace', 'curator'), { roles: ['curator', 'admin'] });
    expect([answer.status, answer.json()['detail']]).toEqual([403, expect.stringContaining('admin')]);
  });

  test('not a scope that its maker does not have', async () => {
    const maker = await bearer({ sub: 'grace', roles: ['curator'], scope: 'api-keys:write exports:read' });
    expect((await post(maker, { scopes: ['exports:write'] })).status).toBe(403);
    expect((await post(maker, { scopes: ['*'] })).status).toBe(403);
    await make(maker, { scopes: ['exports:read'] });
  });

  test('not the records of somebody else, unless an administrator makes it', async () => {
    expect((await post(await person('grace', 'curator'), { owner: 'ada' })).status).toBe(403);
    expect(await make(admin, { owner: 'grace' })).toMatchObject({ owner: 'grace', made_by: 'ada' });
  });

  test('a key makes keys only with the scope for it, and they end with it at the latest', async () => {
    const ends = '2100-01-01T00:00:00.000Z';
    const mother = await make(admin, { scopes: ['api-keys:write', 'exports:read'], expires_at: ends });
    const child = await make(withKey(mother.key), { scopes: ['exports:read'] });
    expect(child).toMatchObject({ owner: 'ada', made_by: `key:${mother.id}`, expires_at: ends });
    expect(
      (await post(withKey(mother.key), { scopes: ['exports:read'], expires_at: '2100-01-02T00:00:00Z' }))
        .status,
    ).toBe(403);
    expect((await post(withKey(mother.key), { scopes: ['exports:write'] })).status).toBe(403);
    expect((await post(withKey(child.key), { scopes: ['exports:read'] })).status).toBe(403);
  });

  test('revoking a key ends all that were made with it', async () => {
    const scopes = ['api-keys:write'];
    const mother = await make(admin, { scopes });
    const child = await make(withKey(mother.key), { scopes });
    const grandchild = await make(withKey(child.key), { scopes });
    const other = await make(admin, { scopes });
    await call(keysUrl(`/${mother.id}`), { method: 'DELETE', headers: admin });
    const state = async ({ id }: Made): Promise<unknown> =>
      (await call(keysUrl(`/${id}`), { headers: admin })).json()['revoked_at'];
    expect(await state(child)).not.toBeNull();
    expect(await state(grandchild)).not.toBeNull();
    expect(await state(other)).toBeNull();
  });

  test('a key that is being revoked has no child that survives it', async () => {
    for (let round = 0; round < 5; round++) {
      const mother = await make(admin, { scopes: ['api-keys:write'] });
      const children = Array.from({ length: 4 }, () =>
        post(withKey(mother.key), { scopes: ['api-keys:write'] }),
      );
      await call(keysUrl(`/${mother.id}`), { method: 'DELETE', headers: admin });
      await Promise.all(children);
      expect(
        await sql('SELECT id FROM api_keys WHERE made_by = $1 AND revoked_at IS NULL', [`key:${mother.id}`]),
      ).toEqual([]);
    }
  });
});

describe('whose they are', () => {
  test("other people's keys are not there", async () => {
    const { id } = await make(admin);
    const stranger = await person('eve', 'curator', 'reviewer', 'service');
    const unknown = '0192f3c4-0000-7000-8000-000000000000';
    for (const wanted of [id, unknown]) {
      const answers = await Promise.all([
        call(keysUrl(`/${wanted}`), { headers: stranger }),
        call(keysUrl(`/${wanted}`), { method: 'DELETE', headers: stranger }),
        send(keysUrl(`/${wanted}/rotate`), 'POST', {}, stranger),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
    }
    expect((await call(keysUrl(), { headers: stranger })).json()['items']).toEqual([]);
    expect((await call(keysUrl('?owner=ada'), { headers: stranger })).status).toBe(403);
  });

  test("an administrator reaches everybody's", async () => {
    const { id } = await make(await person('linus', 'curator'));
    expect((await call(keysUrl(`/${id}`), { headers: admin })).status).toBe(200);
    const ofLinus = (await call(keysUrl('?owner=linus'), { headers: admin })).json()['items'] as {
      id: string;
    }[];
    expect(ofLinus.map((item) => item.id)).toEqual([id]);
  });

  test('a list comes in pages, newest first, each key once', async () => {
    const owner = await person('pages', 'curator');
    const made: string[] = [];
    for (let count = 0; count < 5; count++) made.unshift((await make(owner)).id);
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = (await call(keysUrl(`?limit=2${cursor}`), { headers: owner })).json();
      seen.push(...(page['items'] as { id: string }[]).map(({ id }) => id));
      cursor = typeof page['next_cursor'] === 'string' ? `&cursor=${page['next_cursor']}` : '';
    } while (cursor !== '');
    expect(seen).toEqual(made);
    expect((await call(keysUrl('?cursor=nonsense'), { headers: owner })).status).toBe(400);
  });

  test('keys without the scope for it see and change no keys', async () => {
    const { key } = await make(admin, { roles: ['admin'], scopes: ['exports:write'] });
    expect((await call(keysUrl(), { headers: withKey(key) })).status).toBe(403);
    expect((await post(withKey(key), { scopes: ['exports:write'] })).status).toBe(403);
  });
});

describe('rotating one', () => {
  test('without a grace the secret before is gone at once', async () => {
    const { id, key } = await make(admin);
    const rotated = (await call(keysUrl(`/${id}/rotate`), { method: 'POST', headers: admin })).json();
    expect(rotated).toMatchObject({ id, previous_valid_until: null });
    expect(rotated['key']).not.toBe(key);
    expect(await use(String(rotated['key']))).toBe(200);
    expect(await use(key)).toBe(401);
  });

  test('with a grace both are valid, and never more than two', async () => {
    const { id, key: first } = await make(admin);
    const rotate = async (): Promise<string> =>
      String((await send(keysUrl(`/${id}/rotate`), 'POST', { grace_seconds: 600 }, admin)).json()['key']);
    const second = await rotate();
    expect([await use(first), await use(second)]).toEqual([200, 200]);
    const third = await rotate();
    await sql('SELECT 1');
    expect(await use(third)).toBe(200);
    expect((await call(keysUrl(`/${id}`), { headers: admin })).json()['previous_valid_until']).not.toBeNull();
    const [row] = await sql(
      'SELECT previous_hash = sha256($2::bytea) AS is_second FROM api_keys WHERE id = $1',
      [id, Buffer.from(second)],
    );
    expect(row).toEqual({ is_second: true });
  });

  test('when the grace is over the secret before is gone', async () => {
    const { id, key } = await make(admin);
    await send(keysUrl(`/${id}/rotate`), 'POST', { grace_seconds: 600 }, admin);
    await sql("UPDATE api_keys SET previous_valid_until = now() - interval '1 second' WHERE id = $1", [id]);
    expect(await use(key)).toBe(401);
  });

  test('a key may rotate itself, and nobody else a key that gives more than they have', async () => {
    const own = await make(admin, { roles: ['curator'], scopes: ['api-keys:write'] });
    expect((await send(keysUrl(`/${own.id}/rotate`), 'POST', {}, withKey(own.key))).status).toBe(200);
    const strong = await make(admin, { roles: ['admin'], owner: 'mia' });
    expect(
      (await send(keysUrl(`/${strong.id}/rotate`), 'POST', {}, await person('mia', 'curator'))).status,
    ).toBe(403);
  });

  test('more than 7 days of grace is a fault', async () => {
    const { id } = await make(admin);
    expect((await send(keysUrl(`/${id}/rotate`), 'POST', { grace_seconds: 604_801 }, admin)).status).toBe(
      400,
    );
  });

  test('a revoked or expired one has no next secret', async () => {
    const revoked = await make(admin);
    await call(keysUrl(`/${revoked.id}`), { method: 'DELETE', headers: admin });
    const expired = await make(admin);
    await sql("UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE id = $1", [expired.id]);
    for (const { id } of [revoked, expired])
      expect((await send(keysUrl(`/${id}/rotate`), 'POST', {}, admin)).status).toBe(409);
  });
});

test('an expired key is refused', async () => {
  const { id, key } = await make(admin, { expires_at: '2100-01-01T00:00:00Z' });
  await sql("UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE id = $1", [id]);
  expect(await use(key)).toBe(401);
});

test('revoking twice is the same as once', async () => {
  const { id, key } = await make(admin);
  const revoke = async (): Promise<number> =>
    (await call(keysUrl(`/${id}`), { method: 'DELETE', headers: admin })).status;
  expect([await revoke(), await revoke()]).toEqual([204, 204]);
  expect(await use(key)).toBe(401);
});

test('the last use is noted', async () => {
  const { id, key } = await make(admin);
  await use(key);
  await eventually(
    async () => (await call(keysUrl(`/${id}`), { headers: admin })).json()['last_used_at'] !== null,
  );
});

test('a refused key tells nothing: unknown, wrong, mistyped and revoked look the same', async () => {
  const { id, key } = await make(admin);
  const other = await make(admin);
  await call(keysUrl(`/${id}`), { method: 'DELETE', headers: admin });
  const wrongSecret = other.key.slice(0, 21) + key.slice(21);
  const details = await Promise.all(
    [key, wrongSecret, `${other.key.slice(0, -1)}~`, 'hb_live_x'].map(async (shown) => {
      const answer = await call(`${gateway.url}/api/v1/exports`, { headers: withKey(shown) });
      return [answer.status, answer.json()['detail']];
    }),
  );
  expect(new Set(details.map(String)).size).toBe(1);
  expect(details[0]?.[0]).toBe(401);
});

test('while the database is away keys answer 503 and tokens still work, and keys work again when it is back', async () => {
  const direct = new URL(database.urlFor('gateway'));
  const network = await startTcpProxy(Number(direct.port));
  const viaNetwork = new URL(direct);
  viaNetwork.port = String(network.port);
  const other = await startGateway(database, {
    DATABASE_URL: viaNetwork.toString(),
    EXPORTER_URL: service.url,
  });
  try {
    const { key } = await make(admin);
    network.mode = 'refuse';
    const ask = (headers: Record<string, string>): Promise<Answer> =>
      call(`${other.url}/api/v1/exports`, { headers });
    const byKey = await ask(withKey(key));
    expect([byKey.status, byKey.headers['retry-after']]).toEqual([503, '5']);
    expect((await ask(admin)).status).toBe(200);
    const health = await call(`${other.url}/health/db`);
    expect([health.status, health.json()]).toEqual([503, { status: 'error', database: 'disconnected' }]);
    network.mode = 'pass';
    await eventually(async () => (await ask(withKey(key))).status === 200);
  } finally {
    await other.stop();
    await network.close();
  }
});
