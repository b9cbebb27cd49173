import { IDENTITY_HEADER } from '@hornbook/contracts';
import { createTestDatabase, type TestDatabase } from '@hornbook/testing';
import { call, exchangeBytes } from './support/call.js';
import { bodyOf, startService, type ScriptedService } from './support/scripted-service.js';
import { identityVerifier, startGateway, type TestGateway } from './support/start-gateway.js';
import { bearer } from './support/tokens.js';

let database: TestDatabase;
let service: ScriptedService;
let gateway: TestGateway;
let caller: { authorization: string };

beforeAll(async () => {
  database = await createTestDatabase({ services: ['gateway'] });
  service = await startService();
  gateway = await startGateway(database, { EXPORTER_URL: service.url });
  caller = await bearer();
});
afterAll(async () => {
  await gateway.stop();
  await service.die();
  await database.drop();
});
beforeEach(() => service.answer(async (request, response) => void response.end(await bodyOf(request))));

const url = (path = ''): string => `${gateway.url}/api/v1/exports${path}`;

/** Bytes of a request with a valid token. */
function bytes(head: string, body = ''): string {
  return `${head.replaceAll('\n', '\r\n')}\r\nhost: gateway\r\nauthorization: ${caller.authorization}\r\nconnection: close\r\n\r\n${body}`;
}

test('what a caller says of its own identity never reaches a service', async () => {
  const forged = {
    [IDENTITY_HEADER]: 'forged',
    'X-Hornbook-Anything': 'forged',
    'X-User-Id': 'root',
    X_User_Id: 'root',
    'x-user-roles': 'admin',
    'X-Forwarded-For': '10.0.0.1',
    'X-Forwarded-Host': 'evil',
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-User': 'root',
    Forwarded: 'for=10.0.0.1',
    'X-Real-IP': '10.0.0.1',
    'X-Original-URL': '/internal',
  };
  await call(url(), { headers: { ...caller, ...forged } });
  const { headers, rawHeaders } = service.lastRequest();
  expect(JSON.stringify(rawHeaders)).not.toMatch(/forged|root|10\.0\.0\.1|evil|\/internal/);
  expect(headers).toMatchObject({
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': new URL(gateway.url).host,
  });
  expect((await identityVerifier.verify(String(headers[IDENTITY_HEADER])))?.sub).toBe('ada');
});

test('a Connection header takes away what it names of the caller, and nothing of the gateway', async () => {
  const named = `close, X-Hop, ${IDENTITY_HEADER}, x-forwarded-for, x-request-id`;
  const answer = await call(url(), {
    headers: { ...caller, connection: named, 'x-hop': 'mine', 'x-stays': 'mine' },
  });
  const { headers } = service.lastRequest();
  expect(headers['x-hop']).toBeUndefined();
  expect(headers['x-stays']).toBe('mine');
  expect(headers['x-forwarded-for']).toBe('127.0.0.1');
  expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  expect(headers['x-request-id']).toBe(answer.headers['x-request-id']);
  expect((await identityVerifier.verify(String(headers[IDENTITY_HEADER])))?.sub).toBe('ada');
});

test('headers of the connection are not passed on, in neither direction', async () => {
  service.answer((_request, response) => {
    response.writeHead(200, {
      connection: 'keep-alive, x-hop',
      'keep-alive': 'timeout=7',
      'x-hop': 'of the service',
      'proxy-authenticate': 'Basic',
      'x-stays': 'y',
    });
    response.end();
  });
  const headers = {
    ...caller,
    connection: 'keep-alive',
    'keep-alive': 'timeout=7',
    'proxy-authorization': 'Basic eA==',
    te: 'trailers',
    'proxy-connection': 'x',
  };
  const answer = await call(url(), { headers });
  expect(answer.headers).toMatchObject({ 'x-stays': 'y' });
  for (const name of ['x-hop', 'proxy-authenticate']) expect(answer.headers[name]).toBeUndefined();
  expect(answer.headers['keep-alive']).not.toBe('timeout=7');
  const received = service.lastRequest().headers;
  for (const name of ['keep-alive', 'proxy-authorization', 'te', 'proxy-connection'])
    expect(received[name]).toBeUndefined();
});

test.each([
  ['two lengths', 'POST /api/v1/exports HTTP/1.1\ncontent-length: 4\ncontent-length: 5', 'body1'],
  [
    'a length and chunks',
    'POST /api/v1/exports HTTP/1.1\ncontent-length: 4\ntransfer-encoding: chunked',
    '0\r\n\r\n',
  ],
  ['a length that is none', 'POST /api/v1/exports HTTP/1.1\ncontent-length: +4', 'body'],
  ['a space before the colon', 'POST /api/v1/exports HTTP/1.1\ncontent-length : 4', 'body'],
  ['another transfer coding', 'POST /api/v1/exports HTTP/1.1\ntransfer-encoding: gzip, chunked', '0\r\n\r\n'],
  [
    'a transfer coding in disguise',
    'POST /api/v1/exports HTTP/1.1\ntransfer-encoding: xchunked',
    '0\r\n\r\n',
  ],
  ['a folded header', 'GET /api/v1/exports HTTP/1.1\nx-a: b\n c: d', ''],
  ['a bare carriage return', 'GET /api/v1/exports HTTP/1.1\nx-a: b\rx-c: d', ''],
])('a request with %s is refused and no service sees it', async (_name, head, body) => {
  const before = service.requests.length;
  const answer = await exchangeBytes(gateway.url, bytes(head, body));
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer).toContain('application/problem+json');
  expect(answer.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
  expect(service.requests.length).toBe(before);
});

test('bytes after a body are a request of their own, with a door of its own', async () => {
  const smuggled = 'GET /api/v1/exports/smuggled HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n';
  const answer = await exchangeBytes(
    gateway.url,
    `POST /api/v1/exports HTTP/1.1\r\nhost: x\r\nauthorization: ${caller.authorization}\r\ncontent-length: 4\r\n\r\nbody${smuggled}`,
  );
  expect(answer).toContain('HTTP/1.1 200');
  expect(answer).toContain('HTTP/1.1 401');
  expect(service.requests.some((request) => request.url?.includes('smuggled'))).toBe(false);
});

test.each([
  '/api/v1/exports/../admin/bulk-import',
  '/api/v1/exports/%2e%2e/x',
  '/api/v1/exports/.%2E/x',
  '/api/v1/exports/./x',
  '/api/v1/exports/..',
])('the path %s is refused, as two servers could read it in two ways', async (path) => {
  const before = service.requests.length;
  expect(await exchangeBytes(gateway.url, bytes(`GET ${path} HTTP/1.1`))).toMatch(/^HTTP\/1\.1 400 /);
  expect(service.requests.length).toBe(before);
});

test.each([
  '/internal/dead-letters',
  '/internal/metrics',
  '/metrics/../api',
  'http://evil/api/v1/exports',
  '/api/v1/exportsx',
  '/api/v1/%65xports',
  '//api/v1/exports',
])('the path %s leads to no service', async (path) => {
  const before = service.requests.length;
  expect(await exchangeBytes(gateway.url, bytes(`GET ${path} HTTP/1.1`))).toMatch(/^HTTP\/1\.1 40[04] /);
  expect(service.requests.length).toBe(before);
});

test('headers beyond 16 KiB are refused with a problem', async () => {
  const answer = await exchangeBytes(
    gateway.url,
    bytes(`GET /api/v1/exports HTTP/1.1\nx-long: ${'x'.repeat(17_000)}`),
  );
  expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  expect(answer).toContain('"code":"headers_too_large"');
});

test("dead letters are an administrator's, and reach the service without its name in the path", async () => {
  const path = `${gateway.url}/internal/dead-letters/exporter`;
  const before = service.requests.length;
  const refused = await call(`${path}?limit=1`, { headers: await bearer({ roles: ['curator', 'service'] }) });
  expect([refused.status, refused.json()['code']]).toEqual([403, 'forbidden']);
  expect(service.requests.length).toBe(before);
  await call(`${path}?limit=1`, { headers: caller });
  await call(`${path}/0192/redrive`, { method: 'POST', headers: caller });
  expect(service.requests.slice(-2).map(({ url: seen }) => seen)).toEqual([
    '/internal/dead-letters?limit=1',
    '/internal/dead-letters/0192/redrive',
  ]);
});
