import { createTestDatabase, eventually, type TestDatabase } from '@hornbook/testing';
import { call, send } from './support/call.js';
import { startService, type ScriptedService } from './support/scripted-service.js';
import { startGateway, type TestGateway } from './support/start-gateway.js';
import { bearer } from './support/tokens.js';

let database: TestDatabase;
let service: ScriptedService;
let gateways: TestGateway[];

beforeAll(async () => {
  database = await createTestDatabase({ services: ['gateway'] });
  service = await startService();
  gateways = await Promise.all([1, 2].map(() => startGateway(database, { EXPORTER_URL: service.url })));
});
afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  await service.die();
  await database.drop();
});

test('a revoked key stops working on every gateway within 5 seconds, in the middle of steady use', async () => {
  const [one, two] = gateways as [TestGateway, TestGateway];
  const admin = await bearer();
  const made = (
    await send(`${one.url}/v1/api-keys`, 'POST', { name: 'x', roles: ['service'], scopes: ['*'] }, admin)
  ).json();
  const headers = { authorization: `Bearer ${String(made['key'])}` };
  const use = async ({ url }: TestGateway): Promise<number> =>
    (await call(`${url}/api/v1/exports`, { headers })).status;
  expect([await use(one), await use(two)]).toEqual([200, 200]);

  await call(`${one.url}/v1/api-keys/${String(made['id'])}`, { method: 'DELETE', headers: admin });
  const revokedAt = performance.now();
  await Promise.all(
    gateways.map((gateway) =>
      eventually(async () => (await use(gateway)) === 401, {
        timeoutMs: 5_000,
        description: 'the revoked key to be refused',
      }),
    ),
  );
  expect(performance.now() - revokedAt).toBeLessThan(5_000);
  // And it stays that way.
  expect([await use(one), await use(two)]).toEqual([401, 401]);
});

test('a key in steady use is looked up once in two seconds, not once a request', async () => {
  const [one] = gateways as [TestGateway];
  const admin = await bearer();
  const made = (
    await send(`${one.url}/v1/api-keys`, 'POST', { name: 'y', roles: ['service'], scopes: ['*'] }, admin)
  ).json();
  const headers = { authorization: `Bearer ${String(made['key'])}` };
  const tokens = new Set<unknown>();
  for (let count = 0; count < 50; count++) {
    await call(`${one.url}/api/v1/exports`, { headers });
    tokens.add(service.lastRequest().headers['x-hornbook-identity']);
  }
  // One identity token for all of them: services can remember that they checked it.
  expect(tokens.size).toBe(1);
});
