import { IDENTITY_HEADER } from '@hornbook/contracts';
import { createTestDatabase, type TestDatabase } from '@hornbook/testing';
import { call, headOf, open, read } from './support/call.js';
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

const url = (path: string): string => `${gateway.url}/api/v1/exports${path}`;

/** Names and values as they stood on the wire, without those of the connection and of the gateway. */
function pairs(raw: readonly string[], names: readonly string[]): [string, string][] {
  const all: [string, string][] = [];
  for (let index = 0; index < raw.length; index += 2) all.push([raw[index] ?? '', raw[index + 1] ?? '']);
  return all.filter(([name]) => names.includes(name.toLowerCase()));
}

test('status, reason, headers and body come as the service sent them', async () => {
  service.answer((_request, response) => {
    response.writeHead(418, 'Short And Stout', [
      'X-Custom', 'ÿ kept', 'ETag', '"abc"', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'Content-Type', 'text/plain', 'Content-Length', '3', 'Date', 'Thu, 01 Jan 1970 00:00:00 GMT',
    ]); // prettier-ignore
    response.end(Buffer.from([0, 255, 10]));
  });
  const answer = await call(url('/x'), { headers: caller });
  expect([answer.status, answer.message]).toEqual([418, 'Short And Stout']);
  expect(
    pairs(answer.rawHeaders, ['x-custom', 'etag', 'set-cookie', 'content-type', 'content-length', 'date']),
  ).toEqual([
    ['X-Custom', 'ÿ kept'],
    ['ETag', '"abc"'],
    ['Set-Cookie', 'a=1'],
    ['Set-Cookie', 'b=2'],
    ['Content-Type', 'text/plain'],
    ['Content-Length', '3'],
    ['Date', 'Thu, 01 Jan 1970 00:00:00 GMT'],
  ]);
  expect(answer.body).toEqual(Buffer.from([0, 255, 10]));
});

test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])(
  '%s reaches the service with path, query, headers and body',
  async (method) => {
    let received: Buffer = Buffer.alloc(0);
    service.answer(async (request, response) => {
      received = await bodyOf(request);
      response.end();
    });
    const body = method === 'GET' ? '' : 'ä'.repeat(10);
    const headers = { ...caller, 'X-Mine': 'ja', accept: 'x/y', ...(body ? { 'content-length': '20' } : {}) };
    await call(url('/a%20b/%C3%A4?x=1&x=2&y=%2F'), { method, headers, body });
    const request = service.lastRequest();
    expect([request.method, request.url]).toEqual([method, '/api/v1/exports/a%20b/%C3%A4?x=1&x=2&y=%2F']);
    expect(request.headers).toMatchObject({
      'x-mine': 'ja',
      accept: 'x/y',
      host: `127.0.0.1:${String(service.port)}`,
    });
    expect(received.toString()).toBe(body);
  },
);

test('a condition reaches the service, and its 304 comes back with its ETag and without a body', async () => {
  service.answer((request, response) => {
    response.setHeader('etag', '"v1"');
    response.writeHead(request.headers['if-none-match'] === '"v1"' ? 304 : 200).end();
  });
  const answer = await call(url('/x'), { headers: { ...caller, 'if-none-match': '"v1"' } });
  expect([answer.status, answer.headers.etag, answer.text, answer.headers['transfer-encoding']]).toEqual([
    304,
    '"v1"',
    '',
    undefined,
  ]);
});

test('204 has no body and no length', async () => {
  service.answer((_request, response) => void response.writeHead(204).end());
  const answer = await call(url('/x'), { method: 'DELETE', headers: caller });
  expect([answer.status, answer.headers['content-length'], answer.headers['transfer-encoding']]).toEqual([
    204,
    undefined,
    undefined,
  ]);
});

test('HEAD keeps the length of the body it does not have, and the connection goes on', async () => {
  service.answer((_request, response) => void response.setHeader('content-length', '12345').end());
  const answer = await call(url('/x'), { method: 'HEAD', headers: caller });
  expect([answer.status, answer.headers['content-length'], answer.text]).toEqual([200, '12345', '']);
  service.answer((_request, response) => void response.end('next'));
  expect((await call(url('/x'), { headers: caller })).text).toBe('next');
});

test('a range passes', async () => {
  service.answer((request, response) => {
    response.writeHead(206, { 'content-range': `bytes 2-4/10`, 'x-asked': request.headers.range });
    response.end('cde');
  });
  const answer = await call(url('/x'), { headers: { ...caller, range: 'bytes=2-4' } });
  expect([answer.status, answer.headers['content-range'], answer.headers['x-asked'], answer.text]).toEqual([
    206,
    'bytes 2-4/10',
    'bytes=2-4',
    'cde',
  ]);
});

test('trailers pass', async () => {
  service.answer((_request, response) => {
    response.writeHead(200, { trailer: 'x-checksum' });
    response.write('part');
    response.addTrailers({ 'x-checksum': 'abc' });
    response.end();
  });
  const answer = await call(url('/x'), { headers: { ...caller, te: 'trailers' } });
  expect([answer.text, answer.headers.trailer, answer.trailers]).toEqual([
    'part',
    'x-checksum',
    { 'x-checksum': 'abc' },
  ]);
});

test('the head of an answer is passed on before there is a body', async () => {
  let finish = (): void => undefined;
  service.answer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    finish = () => void response.end('late');
  });
  const request = open(url('/x'), { headers: caller });
  request.end();
  const head = await headOf(request);
  expect(head.statusCode).toBe(200);
  finish();
  expect((await read(head)).text).toBe('late');
});

test('an early hint of the service is no answer', async () => {
  service.answer((_request, response) => {
    response.writeEarlyHints({ link: '</x>; rel=preload' });
    response.writeHead(201).end('made');
  });
  const answer = await call(url('/x'), { headers: caller });
  expect([answer.status, answer.text]).toEqual([201, 'made']);
});

test('the service learns who is calling from a token that only the gateway can make', async () => {
  await call(url('/x'), {
    headers: {
      authorization: (await bearer({ sub: 'grace', roles: ['curator'], scope: 'exports:read' }))
        .authorization,
    },
  });
  const { headers } = service.lastRequest();
  expect(await identityVerifier.verify(String(headers[IDENTITY_HEADER]))).toEqual({
    sub: 'grace',
    owner: 'grace',
    roles: ['curator'],
    scopes: ['exports:read'],
  });
  expect(headers.authorization).toBeUndefined();
});

test('a caller is asked for its body only when it is welcome', async () => {
  service.answer(async (request, response) => void response.end(await bodyOf(request)));
  const expects = { ...caller, expect: '100-continue', 'content-length': '4' };
  const welcome = open(url('/x'), { method: 'POST', headers: expects });
  welcome.flushHeaders();
  await new Promise((resolve) => welcome.once('continue', resolve));
  welcome.end('body');
  expect((await read(await headOf(welcome))).text).toBe('body');

  const unwelcome = open(url('/x'), {
    method: 'POST',
    headers: { ...expects, 'content-length': '999999999' },
  });
  const continued = new Promise<string>((resolve) => unwelcome.once('continue', () => resolve('continued')));
  unwelcome.flushHeaders();
  const head = headOf(unwelcome).then(({ statusCode }) => statusCode);
  expect(await Promise.race([continued, head])).toBe(413);
  unwelcome.destroy();
});

test('a request id is kept when it is sound, made when it is not, and goes to both sides', async () => {
  service.answer((_request, response) => void response.end());
  const kept = await call(url('/x'), { headers: { ...caller, 'x-request-id': 'my-id.1' } });
  expect([kept.headers['x-request-id'], service.lastRequest().headers['x-request-id']]).toEqual([
    'my-id.1',
    'my-id.1',
  ]);
  const made = await call(url('/x'), { headers: { ...caller, 'x-request-id': 'no "good' } });
  expect(made.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  expect(service.lastRequest().headers['x-request-id']).toBe(made.headers['x-request-id']);
});

test("the caller's trace context is passed on where no trace is recorded", async () => {
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  await call(url('/x'), { headers: { ...caller, traceparent, tracestate: 'a=b' } });
  expect(service.lastRequest().headers).toMatchObject({ traceparent, tracestate: 'a=b' });
});

test('safe headers are added where the service set none', async () => {
  service.answer((_request, response) => void response.setHeader('referrer-policy', 'origin').end());
  const { headers } = await call(url('/x'), { headers: caller });
  expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'origin' });
  expect(headers['content-security-policy']).toContain("default-src 'none'");
});

test('one line tells of a request, and never its credentials', async () => {
  await call(url('/x?token=secret'), { headers: { ...caller, 'x-request-id': 'logged-1' } });
  const lines = gateway.log.filter((line) => line['request_id'] === 'logged-1');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ msg: 'request', method: 'GET', route: '/api/v1/exports/*', status: 200 });
  expect(JSON.stringify(gateway.log)).not.toContain(caller.authorization.slice(7));
  expect(JSON.stringify(gateway.log)).not.toContain('secret');
});

beforeEach(() => service.answer((_request, response) => void response.end()));
