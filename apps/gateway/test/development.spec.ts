import { IDENTITY_HEADER } from '@hornbook/contracts';
import { createTestDatabase, type TestDatabase } from '@hornbook/testing';
import { call, send, type Answer } from './support/call.js';
import { startService, type ScriptedService } from './support/scripted-service.js';
import { identityVerifier, startGateway, type TestGateway } from './support/start-gateway.js';
import { bearer } from './support/tokens.js';

let database: TestDatabase;
let service: ScriptedService;
let gateway: TestGateway;

beforeAll(async () => {
  database = await createTestDatabase({ services: ['gateway'] });
  service = await startService();
  gateway = await startGateway(database, { EXPORTER_URL: service.url, AUTH_MODE: 'dev' });
});
afterAll(async () => {
  await gateway.stop();
  await service.die();
  await database.drop();
});

const ask = (headers: Record<string, string>): Promise<Answer> =>
  call(`${gateway.url}/api/v1/exports`, { headers });

async function identitySent(): Promise<unknown> {
  return identityVerifier.verify(String(service.lastRequest().headers[IDENTITY_HEADER]));
}

test('X-User-Id is enough, as an administrator', async () => {
  expect((await ask({ 'x-user-id': 'dev' })).status).toBe(200);
  expect(await identitySent()).toEqual({ sub: 'dev', owner: 'dev', roles: ['admin'], scopes: ['*'] });
  expect(service.lastRequest().headers['x-user-id']).toBeUndefined();
});

test('X-User-Roles says with which roles', async () => {
  expect((await ask({ 'x-user-id': 'dev', 'x-user-roles': 'curator, reviewer' })).status).toBe(200);
  expect(await identitySent()).toMatchObject({ roles: ['curator', 'reviewer'] });
});

test('one caller is never taken for another', async () => {
  await ask({ 'x-user-id': 'a', 'x-user-roles': 'curator' });
  await ask({ 'x-user-id': 'a', 'x-user-roles': 'reviewer' });
  expect(await identitySent()).toMatchObject({ sub: 'a', roles: ['reviewer'] });
  await ask({ 'x-user-id': 'b' });
  expect(await identitySent()).toMatchObject({ sub: 'b', roles: ['admin'] });
});

test.each<Record<string, string>>([
  { 'x-user-id': '' },
  { 'x-user-id': 'key:1' },
  { 'x-user-id': 'a b' },
  { 'x-user-id': 'a', 'x-user-roles': 'root' },
])('%o is refused', async (headers) => {
  expect((await ask(headers)).status).toBe(401);
});

test('a token counts more than the header', async () => {
  await ask({ ...(await bearer({ sub: 'grace' })), 'x-user-id': 'dev' });
  expect(await identitySent()).toMatchObject({ sub: 'grace' });
  expect((await ask({ authorization: 'Bearer wrong', 'x-user-id': 'dev' })).status).toBe(401);
});

test("the gateway's own routes know the caller as well", async () => {
  const made = await send(
    `${gateway.url}/v1/api-keys`,
    'POST',
    { name: 'x', roles: ['service'], scopes: ['*'] },
    { 'x-user-id': 'dev' },
  );
  expect([made.status, made.json()['owner']]).toEqual([201, 'dev']);
});

test('the log warns of it', () => {
  expect(
    gateway.log.filter(({ level, msg }) => level === 'warn' && String(msg).includes('AUTH_MODE=dev')),
  ).toHaveLength(1);
});

test('it needs neither secret nor keys', async () => {
  const bare = await startGateway(database, {
    EXPORTER_URL: service.url,
    AUTH_MODE: 'dev',
    AUTH_JWT_SECRET: '',
  });
  expect((await call(`${bare.url}/api/v1/exports`, { headers: { 'x-user-id': 'dev' } })).status).toBe(200);
  expect((await call(`${bare.url}/api/v1/exports`, { headers: await bearer() })).status).toBe(401);
  await bare.stop();
});
