import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  createTestDatabase,
  eventually,
  startRedis,
  temporaryFolder,
  type RedisServer,
  type TemporaryFolder,
  type TestDatabase,
} from '@hornbook/testing';
import { call, type Answer } from './support/call.js';
import { startService, type ScriptedService } from './support/scripted-service.js';
import { startGateway, type TestGateway } from './support/start-gateway.js';
import { bearer } from './support/tokens.js';

let database: TestDatabase;
let service: ScriptedService;
let folder: TemporaryFolder;
let redis: RedisServer;
const started: TestGateway[] = [];

beforeAll(async () => {
  database = await createTestDatabase({ services: ['gateway'] });
  service = await startService();
  folder = await temporaryFolder();
  redis = await startRedis({ dataDir: join(folder.path, 'redis') });
});
afterAll(async () => {
  await Promise.all(started.map((gateway) => gateway.stop()));
  await service.die();
  await redis.stop();
  await folder.remove();
  await database.drop();
});

async function start(env: Record<string, string>): Promise<TestGateway> {
  const gateway = await startGateway(database, {
    EXPORTER_URL: service.url,
    RATE_LIMIT_WINDOW_SECONDS: '600',
    ...env,
  });
  started.push(gateway);
  return gateway;
}

async function ask(
  gateway: TestGateway,
  headers: Record<string, string>,
  path = '/api/v1/exports',
): Promise<Answer> {
  return call(gateway.url + path, { headers });
}

const limitsOf = ({ headers }: Answer): unknown[] => [
  headers['ratelimit-limit'],
  headers['ratelimit-remaining'],
];

test('a caller sees what is left, and then 429 and when to come back', async () => {
  const gateway = await start({ RATE_LIMIT_PER_CALLER: '2' });
  const caller = await bearer({ sub: 'greedy' });
  const first = await ask(gateway, caller);
  expect([first.status, ...limitsOf(first)]).toEqual([200, '2', '1']);
  expect(Number(first.headers['ratelimit-reset'])).toBeGreaterThan(590);
  await ask(gateway, caller);
  const third = await ask(gateway, caller);
  expect([third.status, ...limitsOf(third), third.headers['content-type']]).toEqual([
    429,
    '2',
    '0',
    'application/problem+json; charset=utf-8',
  ]);
  expect(third.headers['retry-after']).toBe(third.headers['ratelimit-reset']);
  expect(third.json()).toMatchObject({
    code: 'rate_limited',
    limit: 'caller',
    success: false,
    error: 'rate_limited',
  });
  expect((await ask(gateway, await bearer({ sub: 'modest' }))).status).toBe(200);
});

test('an address has a limit of its own, whoever calls and whether they are known or not', async () => {
  const gateway = await start({ RATE_LIMIT_PER_ADDRESS: '4' });
  const statuses = [
    (await ask(gateway, await bearer({ sub: 'one' }))).status,
    (await ask(gateway, {})).status,
    (await ask(gateway, {}, '/openapi.json')).status,
    (await ask(gateway, {}, '/nowhere')).status,
  ];
  expect(statuses).toEqual([200, 401, 200, 404]);
  const refused = await ask(gateway, await bearer({ sub: 'two' }));
  expect([refused.status, refused.json()['limit']]).toEqual([429, 'address']);
  expect((await ask(gateway, {}, '/openapi.json')).status).toBe(429);
});

test('probes and scrapes have no limit', async () => {
  const gateway = await start({ RATE_LIMIT_PER_ADDRESS: '1' });
  for (const path of ['/health/live', '/health/ready', '/metrics']) {
    for (let count = 0; count < 3; count++) expect((await ask(gateway, {}, path)).status).toBe(200);
  }
});

test('after too many failed authentications the credentials from an address are not even looked at, but known callers go on', async () => {
  const gateway = await start({ RATE_LIMIT_FAILED_AUTHENTICATIONS: '3' });
  const known = await bearer({ sub: 'known' });
  expect((await ask(gateway, known)).status).toBe(200);
  const wrong = { authorization: 'Bearer wrong' };
  for (let count = 0; count < 3; count++) expect((await ask(gateway, wrong)).status).toBe(401);
  const refused = await ask(gateway, wrong);
  expect([refused.status, refused.json()['limit']]).toEqual([429, 'failed_authentications']);
  expect((await ask(gateway, await bearer({ sub: 'new' }))).status).toBe(429);
  expect((await ask(gateway, known)).status).toBe(200);
});

test('of 200 requests, ten at once, to two gateways with one Redis exactly 37 pass', async () => {
  const gateways = await Promise.all(
    [1, 2].map(() => start({ REDIS_URL: redis.url, RATE_LIMIT_PER_CALLER: '37' })),
  );
  const caller = await bearer({ sub: 'flood' });
  const answers: Answer[] = [];
  // More at once would only test how long this process keeps Redis' answers waiting.
  const client = async (first: number): Promise<void> => {
    for (let index = first; index < 200; index += 10)
      answers.push(await ask(gateways[index % 2] as TestGateway, caller));
  };
  await Promise.all(Array.from({ length: 10 }, (_, first) => client(first)));
  const passed = answers.filter(({ status }) => status === 200).length;
  const refused = answers.filter(({ status }) => status === 429).length;
  expect([passed, refused]).toEqual([37, 163]);
});

test('while Redis is away each gateway counts for itself, says so once, and shares again when it is back', async () => {
  const own = await startRedis({ dataDir: join(folder.path, 'own') });
  const gateway = await start({ REDIS_URL: own.url, RATE_LIMIT_PER_CALLER: '50' });
  const caller = await bearer({ sub: 'steady' });
  const remaining = async (): Promise<number> => {
    const answer = await ask(gateway, caller);
    expect(answer.status).toBe(200);
    return Number(answer.headers['ratelimit-remaining']);
  };
  for (let count = 0; count < 5; count++) await remaining();
  await own.kill('SIGKILL');
  expect(await remaining()).toBe(49);
  expect(await remaining()).toBe(48);
  const warnings = (): unknown[] =>
    gateway.log.filter(({ msg }) => String(msg).includes('Redis does not answer'));
  expect(warnings()).toHaveLength(1);
  expect((await ask(gateway, {}, '/metrics')).text).toMatch(
    /gateway_rate_limit_fallbacks_total\{[^}]*\} [1-9]/,
  );
  await own.restart();
  await eventually(async () => (await remaining()) > 47, {
    description: 'the shared count to be used again',
  });
  expect(warnings()).toHaveLength(1);
  await own.stop();
});

test('a Redis that accepts and says nothing costs little and refuses nobody', async () => {
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  const gateway = await start({ REDIS_URL: `redis://127.0.0.1:${String(port)}` });
  const startedAt = performance.now();
  expect((await ask(gateway, await bearer())).status).toBe(200);
  expect(performance.now() - startedAt).toBeLessThan(2_000);
  silent.close();
});

test('a gateway starts without its Redis', async () => {
  const gateway = await start({ REDIS_URL: 'redis://127.0.0.1:1' });
  expect((await ask(gateway, await bearer())).status).toBe(200);
});

test('behind load balancers the caller is the last address that is not theirs', async () => {
  const gateway = await start({ RATE_LIMIT_PER_ADDRESS: '2', TRUSTED_PROXIES: '127.0.0.0/8,10.0.0.0/8' });
  const from = async (chain: string): Promise<number> =>
    (await ask(gateway, { ...(await bearer()), 'x-forwarded-for': chain })).status;
  expect([
    await from('203.0.113.7'),
    await from('6.6.6.6, 203.0.113.7, 10.1.2.3'),
    await from('203.0.113.7'),
  ]).toEqual([200, 200, 429]);
  expect(service.lastRequest().headers['x-forwarded-for']).toBe('203.0.113.7');
  expect(await from('203.0.113.8')).toBe(200);
});
