import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { createTestDatabase, eventually, type TestDatabase } from '@hornbook/testing';
import { call, headOf, open, read } from './support/call.js';
import { startService, type ScriptedService } from './support/scripted-service.js';
import { startGateway, type TestGateway } from './support/start-gateway.js';
import { bearer } from './support/tokens.js';

const MIB = 1_048_576;

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

const url = (path = ''): string => `${gateway.url}/api/v1/exports${path}`;

/** What the service does with the next request, once it is there. */
function nextExchange(): Promise<{ request: IncomingMessage; response: ServerResponse }> {
  return new Promise((resolve) => service.answer((request, response) => resolve({ request, response })));
}

/** Whether a number stays the same for a while. */
async function settles(value: () => number): Promise<number> {
  let last = -1;
  await eventually(
    () => {
      const same = value() === last;
      last = value();
      return same;
    },
    { intervalMs: 200 },
  );
  return last;
}

test('an answer comes only as fast as the caller reads it', async () => {
  const exchange = nextExchange();
  const request = open(url(), { headers: caller });
  request.end();
  const { response } = await exchange;
  let sent = 0;
  const total = 128 * MIB;
  const source = Readable.from(
    (function* () {
      for (; sent < total; sent += MIB) yield Buffer.alloc(MIB);
    })(),
  );
  source.pipe(response);
  const head = await headOf(request);
  const stuckAt = await settles(() => sent);
  // What fits into sockets and stream buffers of three connections; not the whole.
  expect(stuckAt).toBeLessThan(32 * MIB);
  let received = 0;
  for await (const part of head) received += (part as Buffer).length;
  expect(received).toBe(total);
});

test('half a gigabyte passes through without staying', async () => {
  const total = 512 * MIB;
  service.answer((_request, response) => {
    const part = Buffer.alloc(MIB);
    let sent = 0;
    Readable.from(
      (function* () {
        for (; sent < total; sent += MIB) yield part;
      })(),
    ).pipe(response);
  });
  const request = open(url(), { headers: caller });
  request.end();
  const before = process.memoryUsage.rss();
  let received = 0;
  let highest = before;
  for await (const part of await headOf(request)) {
    received += (part as Buffer).length;
    highest = Math.max(highest, process.memoryUsage.rss());
  }
  expect(received).toBe(total);
  // Service, gateway and caller share this process; all three together keep a small part.
  expect(highest - before).toBeLessThan(160 * MIB);
}, 120_000);

test('when the caller leaves during an answer, the service learns of it', async () => {
  const exchange = nextExchange();
  const request = open(url(), { headers: { ...caller, 'x-request-id': 'left-during-answer' } });
  request.end();
  const { response } = await exchange;
  response.write('a beginning');
  const head = await headOf(request);
  head.resume();
  const left = once(response, 'close');
  request.destroy();
  await left;
  expect(response.writableFinished).toBe(false);
  await eventually(() =>
    gateway.log.some((line) => line['request_id'] === 'left-during-answer' && line['status'] === 499),
  );
});

test('when the caller leaves before the answer, the service learns of it', async () => {
  const exchange = nextExchange();
  const request = open(url(), { headers: caller });
  request.on('error', () => undefined).end();
  const { response } = await exchange;
  const left = once(response, 'close');
  request.destroy();
  await left;
  expect(response.writableFinished).toBe(false);
});

test('when the caller leaves in the middle of its body, the service does not take it for whole', async () => {
  const exchange = nextExchange();
  const request = open(url(), { method: 'POST', headers: { ...caller, 'transfer-encoding': 'chunked' } });
  request.on('error', () => undefined).write('half');
  const { request: upstream } = await exchange;
  const outcome = new Promise((resolve) => {
    upstream.on('data', () => undefined);
    upstream.once('end', () => resolve('whole'));
    upstream.once('error', () => resolve('broken'));
  });
  await once(upstream, 'data');
  request.destroy();
  expect(await outcome).toBe('broken');
});

test('when the service breaks off its answer, the caller does not take it for whole', async () => {
  service.answer((_request, response) => {
    response.write('half', () => response.destroy());
  });
  const request = open(url(), { headers: caller });
  request.end();
  const head = await headOf(request);
  await expect(read(head)).rejects.toThrow(/aborted/);
});

test('an answer may come before the body is up, and the connection is not lost for it', async () => {
  service.answer((_request, response) => void response.writeHead(409).end('no need'));
  const request = open(url(), { method: 'POST', headers: { ...caller, 'transfer-encoding': 'chunked' } });
  request.write('a beginning');
  const answer = await read(await headOf(request));
  expect([answer.status, answer.text]).toEqual([409, 'no need']);
  request.destroy();
});

test('a body that says it is too large is refused before anything is sent on', async () => {
  const before = service.requests.length;
  const answer = await call(url(), {
    method: 'POST',
    headers: { ...caller, 'content-length': String(8 * MIB + 1) },
    body: Buffer.alloc(8 * MIB + 1),
  });
  expect(answer.status).toBe(413);
  expect(answer.headers['content-type']).toContain('application/problem+json');
  expect(answer.json()).toMatchObject({
    code: 'payload_too_large',
    limit_bytes: 8 * MIB,
    detail: expect.stringContaining(String(8 * MIB)),
    success: false,
    error: 'payload_too_large',
  });
  expect(service.requests.length).toBe(before);
});

test('a body that turns out too large is cut off, and the service does not take it for whole', async () => {
  const exchange = nextExchange();
  const request = open(url(), { method: 'POST', headers: { ...caller, 'transfer-encoding': 'chunked' } });
  const head = headOf(request);
  request.on('error', () => undefined);
  request.write(Buffer.alloc(8 * MIB));
  const { request: upstream } = await exchange;
  const outcome = new Promise((resolve) => {
    upstream
      .on('data', () => undefined)
      .once('end', () => resolve('whole'))
      .once('error', () => resolve('broken'));
  });
  request.write('more');
  const answer = await read(await head);
  expect([answer.status, answer.json()['limit_bytes']]).toEqual([413, 8 * MIB]);
  expect(await outcome).toBe('broken');
  request.destroy();
});

test('after a refused body the same connection serves the next request', async () => {
  service.answer((_request, response) => void response.end('next'));
  const { Agent } = await import('node:http');
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const refused = await call(url(), {
    method: 'POST',
    headers: { 'content-length': '100000' },
    body: Buffer.alloc(100_000),
    agent,
  });
  expect(refused.status).toBe(401);
  const next = await call(url(), { headers: caller, agent });
  expect(next.text).toBe('next');
  agent.destroy();
});
