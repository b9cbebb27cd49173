import { createTestDatabase, eventually, type TestDatabase } from '@hornbook/testing';
import { call, type Answer } from './support/call.js';
import { startService, type ScriptedService } from './support/scripted-service.js';
import { NOWHERE, startGateway, type TestGateway } from './support/start-gateway.js';
import { bearer } from './support/tokens.js';

let database: TestDatabase;
let service: ScriptedService;
let gateway: TestGateway;

const ready = JSON.stringify({ status: 'ok', service: 'exporter', version: '9.9.9', checks: {} });

/** A gateway whose services are all the script, but for what is given. */
const everywhere = (env: Record<string, string> = {}): Record<string, string> => ({
  EXPORTER_URL: service.url,
  CONTENT_IMPORT_URL: service.url,
  ASSIGNMENT_URL: service.url,
  CARD_BULK_URL: service.url,
  ...env,
});

beforeAll(async () => {
  database = await createTestDatabase({ services: ['gateway'] });
  service = await startService((_request, response) => response.end(ready));
  gateway = await startGateway(database, everywhere());
});
afterAll(async () => {
  await gateway.stop();
  await service.die();
  await database.drop();
});

const get = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  call(gateway.url + path, { headers });

describe('health', () => {
  test('/ says that the gateway runs', async () => {
    const answer = await get('/');
    expect([answer.status, answer.json()]).toEqual([
      200,
      { status: 'ok', service: 'gateway', version: expect.any(String) },
    ]);
  });

  test('/health/db says that the database answers', async () => {
    const answer = await get('/health/db');
    expect([answer.status, answer.json()]).toEqual([200, { status: 'ok', database: 'connected' }]);
  });

  test('/health shows every service with version and latency', async () => {
    const answer = await get('/health');
    expect(answer.status).toBe(200);
    const well = { status: 'ok', version: '9.9.9', latency_ms: expect.any(Number) };
    expect(answer.json()).toMatchObject({
      status: 'ok',
      service: 'gateway',
      services: { exporter: well, 'content-import': well },
    });
  });

  test('/health asks the services at most once a second, however often it is asked', async () => {
    const before = service.requests.length;
    await Promise.all(Array.from({ length: 50 }, () => get('/health')));
    // Four services share the script; a second boundary may lie in between.
    expect(service.requests.length - before).toBeLessThanOrEqual(8);
  });

  test('/health is 200 and degraded when a service is dead, not ready, or no service of ours', async () => {
    const odd = await startService((_request, response) => response.end('<html>'));
    const sick = await startService((_request, response) =>
      response
        .writeHead(503)
        .end(JSON.stringify({ status: 'failed', service: 'x', version: '1.0.0', checks: {} })),
    );
    for (const [url, state] of [
      [NOWHERE, { status: 'unreachable', version: null, latency_ms: null }],
      [odd.url, { status: 'unreachable', version: null }],
      [sick.url, { status: 'failed', version: '1.0.0' }],
    ] as const) {
      const other = await startGateway(database, everywhere({ CONTENT_IMPORT_URL: url }));
      const answer = await call(`${other.url}/health`);
      await other.stop();
      expect([answer.status, answer.json()]).toMatchObject([
        200,
        { status: 'degraded', services: { exporter: { status: 'ok' }, 'content-import': state } },
      ]);
    }
    await Promise.all([odd.die(), sick.die()]);
  });

  test('/health waits 2 seconds for a silent service, not longer', async () => {
    const silent = await startService(() => undefined);
    const other = await startGateway(database, everywhere({ CONTENT_IMPORT_URL: silent.url }));
    const startedAt = performance.now();
    const answer = await call(`${other.url}/health`);
    const ms = performance.now() - startedAt;
    await other.stop();
    await silent.die();
    expect(answer.json()).toMatchObject({
      services: { exporter: { status: 'ok' }, 'content-import': { status: 'unreachable' } },
    });
    expect(ms).toBeGreaterThan(1_900);
    expect(ms).toBeLessThan(4_000);
  });
});

describe('documentation', () => {
  test('/openapi.json is the file, byte by byte, and has an ETag to come back with', async () => {
    const answer = await get('/openapi.json');
    expect(answer.json()).toMatchObject({ openapi: '3.1.0', paths: { '/health': {} } });
    const etag = String(answer.headers.etag);
    expect(etag).toMatch(/^"[\w-]{22}"$/);
    for (const condition of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const unchanged = await get('/openapi.json', { 'if-none-match': condition });
      expect([unchanged.status, unchanged.headers.etag, unchanged.text]).toEqual([304, etag, '']);
    }
    expect((await get('/openapi.json', { 'if-none-match': '"other"' })).status).toBe(200);
  });

  test('/docs and all that it loads come from here', async () => {
    const page = await get('/docs');
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.text).not.toMatch(/https?:/);
    const loaded = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => String(path));
    expect(loaded).toHaveLength(4);
    for (const path of loaded) expect((await get(path)).status).toBe(200);
    expect((await get('/docs/start.js')).text).toContain("url: '/openapi.json'");
    expect((await get('/docs/')).status).toBe(200);
  });

  test('nothing else of the package is served, and nothing beside it', async () => {
    for (const path of [
      '/docs/package.json',
      '/docs/swagger-initializer.js',
      '/docs/../package.json',
      '/docs/%2e%2e/package.json',
      '/docs/..%2fpackage.json',
    ]) {
      expect((await get(path)).status).toBe(404);
    }
  });

  test('pages allow scripts from here only, and no frame around them', async () => {
    const policy = String((await get('/docs')).headers['content-security-policy']);
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/script-src[^;]*unsafe|https?:/);
  });

  test('a gateway without its document does not start, and says which file is missing', async () => {
    await expect(startGateway(database, { OPENAPI_FILE: '/nowhere/openapi.json' })).rejects.toThrow(
      '/nowhere/openapi.json',
    );
  });
});

describe('other origins', () => {
  const origin = 'https://console.example.org';

  test('are closed out by default', async () => {
    const answer = await get('/api/v1/exports', { ...(await bearer()), origin });
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    const preflight = await call(`${gateway.url}/v1/api-keys`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    });
    expect(preflight.headers['access-control-allow-origin']).toBeUndefined();
  });

  test('are let in when they are named, on own routes, proxied ones and refusals alike', async () => {
    const open = await startGateway(database, { EXPORTER_URL: service.url, CORS_ORIGINS: origin });
    const ask = (path: string, headers: Record<string, string>, method = 'GET'): Promise<Answer> =>
      call(open.url + path, { method, headers });
    service.answer((_request, response) => response.writeHead(200, { vary: 'accept' }).end(ready));
    const proxied = await ask('/api/v1/exports', { ...(await bearer()), origin });
    expect([proxied.status, proxied.headers['access-control-allow-origin'], proxied.headers.vary]).toEqual([
      200,
      origin,
      'accept, Origin',
    ]);
    expect((await ask('/api/v1/exports', { origin })).headers['access-control-allow-origin']).toBe(origin);
    expect((await ask('/health', { origin })).headers['access-control-allow-origin']).toBe(origin);
    const preflight = await ask(
      '/api/v1/exports',
      { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
      'OPTIONS',
    );
    expect([preflight.status, preflight.headers['access-control-allow-headers']]).toEqual([
      204,
      'authorization',
    ]);
    const stranger = await ask('/api/v1/exports', {
      ...(await bearer()),
      origin: 'https://evil.example.org',
    });
    expect(stranger.headers['access-control-allow-origin']).toBeUndefined();
    await open.stop();
  });
});

test('an access log line tells of own routes as well', async () => {
  await get('/health', { 'x-request-id': 'own-1' });
  await eventually(() =>
    gateway.log.some(
      (line) => line['request_id'] === 'own-1' && line['route'] === '/health' && line['status'] === 200,
    ),
  );
});
