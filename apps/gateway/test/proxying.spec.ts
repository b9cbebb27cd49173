import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@hornbook/testing';
import { call } from './support/call.js';
import { startService, type ScriptedService } from './support/scripted-service.js';
import { startGateway, type TestGateway } from './support/start-gateway.js';
import { bearer } from './support/tokens.js';

let database: TestDatabase, service: ScriptedService, gateway: TestGateway;
beforeAll(async () => {
  database = await createTestDatabase({ services: ['gateway'] });
  service = await startService();
  gateway = await startGateway(database, { EXPORTER_URL: service.url });
});
afterAll(async () => { await gateway.stop(); await service.die(); await database.drop(); });
test('smoke', async () => {
  const a = await call(`${gateway.url}/api/v1/exports/x?y=1`, { headers: await bearer() });
  console.log(a.status, a.text, a.rawHeaders, service.requests[0]?.rawHeaders, service.requests[0]?.url);
  for (const p of ['/', '/health', '/health/db', '/docs', '/docs/swagger-ui.css', '/docs/start.js', '/openapi.json', '/v1/api-keys', '/nowhere', '/health/ready', '/api/v1/dialogs']) {
    const b = await call(gateway.url + p, { headers: p.includes('api') ? await bearer() : {} });
    console.log(p, b.status, b.headers, b.text.slice(0, 300));
  }
  for (const [m, p] of [['DELETE', '/api/v1/categories'], ['POST', '/health'], ['PUT', '/api/v1/admin/bulk-import/abc'], ['OPTIONS','/api/v1/categories'], ['GET','/api/v1/categories']] as const) {
    const b = await call(gateway.url + p, { method: m });
    console.log(m, p, b.status, b.headers.allow, b.text.slice(0, 300));
  }
  console.log(gateway.log);
});
