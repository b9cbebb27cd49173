import { createTestDatabase, type TestDatabase } from '@hornbook/testing';
import { GatewayConfig } from '../src/config.js';
import { routesOf, servicesOf } from '../src/proxy/routes.js';
import { exampleEnvironment, loadConfig } from '@hornbook/service-kit';
import { call, send } from './support/call.js';
import { startService, type ScriptedService } from './support/scripted-service.js';
import { startGateway, type TestGateway } from './support/start-gateway.js';
import { bearer } from './support/tokens.js';

const config = loadConfig(GatewayConfig, 'gateway', exampleEnvironment(GatewayConfig));
const routes = routesOf(config);
const paths = [
  ...routes.filter((route) => !route.public).flatMap(({ path }) => [path, `${path}/below`]),
  '/v1/api-keys',
  '/v1/api-keys/0192f3c4-0000-7000-8000-000000000000',
];

/** A method that the path has: others are refused before anybody is asked who they are. */
const methodOf = (path: string): string => (path === '/api/v1/admin/bulk-import' ? 'POST' : 'GET');

let database: TestDatabase;
let service: ScriptedService;
let gateway: TestGateway;
let revoked: string;

beforeAll(async () => {
  database = await createTestDatabase({ services: ['gateway'] });
  service = await startService();
  gateway = await startGateway(database, {
    CONTENT_IMPORT_URL: service.url,
    EXPORTER_URL: service.url,
    ASSIGNMENT_URL: service.url,
    CARD_BULK_URL: service.url,
    RATE_LIMIT_FAILED_AUTHENTICATIONS: '1000',
  });
  const admin = await bearer();
  const made = (
    await send(
      `${gateway.url}/v1/api-keys`,
      'POST',
      { name: 'to be revoked', roles: ['admin'], scopes: ['*'] },
      admin,
    )
  ).json();
  await call(`${gateway.url}/v1/api-keys/${String(made['id'])}`, { method: 'DELETE', headers: admin });
  revoked = String(made['key']);
});
afterAll(async () => {
  await gateway.stop();
  await service.die();
  await database.drop();
});

test('the table names only services there are', () => {
  const names = servicesOf(config).map(({ name }) => name);
  for (const { service: name } of routes) expect(names).toContain(name);
});

test('a status that is waited for may be silent for longer than the longest wait, whatever other services may', () => {
  const status = routes.find(({ path }) => path === '/bulk/status');
  expect(config.upstreamTimeoutMs).toBeLessThan(60_000);
  expect(status?.timeoutMs).toBeGreaterThan(60_000);
});

test('links to files are all that opens without credentials, and the service is not told who asks', async () => {
  expect(routes.filter((route) => route.public).map(({ path }) => path)).toEqual(['/bulk/downloads']);
  const before = service.requests.length;
  const answer = await call(`${gateway.url}/bulk/downloads/file?token=t`, {
    headers: { 'x-hornbook-identity': 'anything' },
  });
  expect([200, 404]).toContain(answer.status);
  expect(service.requests.slice(before)).toHaveLength(1);
  expect(service.requests.at(-1)?.headers).not.toHaveProperty('x-hornbook-identity');
});

describe.each(paths)('%s', (path) => {
  test.each<[string, () => Promise<Record<string, string>>]>([
    ['no credentials', () => Promise.resolve({})],
    ['an expired token', () => bearer({ exp: 1_000_000_000 })],
    ['a token for another audience', () => bearer({ aud: 'other' })],
    ['a revoked key', () => Promise.resolve({ authorization: `Bearer ${revoked}` })],
    ['a key that is none', () => Promise.resolve({ authorization: `Bearer ${revoked.slice(0, -1)}x` })],
    ['a user name alone', () => Promise.resolve({ 'x-user-id': 'ada' })],
    ['an identity token', () => Promise.resolve({ 'x-hornbook-identity': 'anything' })],
  ])('does not open to %s', async (_name, headers) => {
    const before = service.requests.length;
    const answer = await call(gateway.url + path, { method: methodOf(path), headers: await headers() });
    expect(answer.status).toBe(401);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.json()).toMatchObject({
      status: 401,
      code: 'unauthenticated',
      request_id: answer.headers['x-request-id'],
    });
    if (path.startsWith('/api/v1/'))
      expect(answer.json()).toMatchObject({
        success: false,
        error: 'unauthenticated',
        message: expect.any(String),
      });
    expect(service.requests.length).toBe(before);
  });

  test('opens to an administrator', async () => {
    const answer = await call(gateway.url + path, { method: methodOf(path), headers: await bearer() });
    expect([200, 404]).toContain(answer.status);
  });
});

test.each([
  ['DELETE', '/api/v1/categories', 'GET, HEAD'],
  ['PUT', '/api/v1/admin/bulk-import', 'POST'],
  ['DELETE', '/api/v1/admin/bulk-import/batch-1', 'GET, HEAD'],
  ['PATCH', '/v1/api-keys', 'GET, POST, HEAD'],
  ['PUT', '/v1/api-keys/0192f3c4-0000-7000-8000-000000000000', 'GET, DELETE, HEAD'],
  ['POST', '/health', 'GET, HEAD'],
  ['OPTIONS', '/api/v1/categories', 'GET, HEAD'],
])('%s %s answers 405 with the methods there are', async (method, path, allow) => {
  const answer = await call(gateway.url + path, { method });
  expect([answer.status, answer.headers.allow]).toEqual([405, allow]);
  expect(answer.json()).toMatchObject({ code: 'method_not_allowed' });
});

test.each(['/nowhere', '/api', '/api/v1', '/v1', '/internal/dead-letters/nobody'])(
  '%s answers 404',
  async (path) => {
    const answer = await call(gateway.url + path, { headers: await bearer() });
    expect([answer.status, answer.headers['content-type']]).toEqual([
      404,
      'application/problem+json; charset=utf-8',
    ]);
    expect(answer.json()).toMatchObject({ code: 'not_found', instance: path });
  },
);
