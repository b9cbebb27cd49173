import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createTestDatabase, eventually, freePort, type TestDatabase } from '@hornbook/testing';
import { call, headOf, open, read } from './support/call.js';
import { startService, type ScriptedService } from './support/scripted-service.js';
import { startGateway, type TestGateway } from './support/start-gateway.js';
import { bearer } from './support/tokens.js';

let database: TestDatabase;
let caller: Record<string, string>;
let service: ScriptedService;
let gateway: TestGateway;

beforeAll(async () => {
  database = await createTestDatabase({ services: ['gateway'] });
  caller = await bearer();
});
afterAll(() => database.drop());
beforeEach(async () => {
  service = await startService();
});
afterEach(async () => {
  await gateway.stop();
  await service.die();
});

const start = async (env: Record<string, string> = {}): Promise<void> => {
  gateway = await startGateway(database, { EXPORTER_URL: service.url, ...env });
};
const ask = (path = '/api/v1/exports', method = 'GET', body?: string): ReturnType<typeof call> =>
  call(gateway.url + path, { method, headers: caller, ...(body === undefined ? {} : { body }) });

test('a dead service answers 503 for its own routes, with its name and when to come back, and the others go on', async () => {
  await start({ CONTENT_IMPORT_URL: `http://127.0.0.1:${String(await freePort())}` });
  const answer = await ask('/api/v1/categories');
  expect([answer.status, answer.headers['retry-after'], answer.headers['content-type']]).toEqual([
    503,
    '2',
    'application/problem+json; charset=utf-8',
  ]);
  expect(answer.json()).toMatchObject({
    code: 'service_unavailable',
    service: 'content-import',
    success: false,
  });
  expect(answer.text).not.toContain('127.0.0.1');
  expect((await ask('/api/v1/admin/bulk-import', 'POST', '{}')).status).toBe(503);
  expect((await ask()).status).toBe(200);
});

test('a service that comes back is used again within 2 seconds', async () => {
  const port = await freePort();
  await start({ EXPORTER_URL: `http://127.0.0.1:${String(port)}` });
  expect((await ask()).status).toBe(503);
  const back = await startService(undefined, port);
  await eventually(async () => (await ask()).status === 200, { timeoutMs: 2_000 });
  await back.die();
  await eventually(async () => (await ask()).status === 503, { timeoutMs: 2_000 });
});

test('a silent service answers 504, and what it is doing is cut off', async () => {
  await start({ UPSTREAM_TIMEOUT_MS: '300' });
  const cut = new Promise((resolve) =>
    service.answer((_request, response) => void response.once('close', resolve)),
  );
  const answer = await ask();
  expect([answer.status, answer.json()['code'], answer.json()['service']]).toEqual([
    504,
    'upstream_timeout',
    'exporter',
  ]);
  await cut;
});

test('a service that stops in the middle of its answer is not waited for, and the answer is not taken for whole', async () => {
  await start({ UPSTREAM_TIMEOUT_MS: '300' });
  service.answer((_request, response) => void response.write('half'));
  const request = open(`${gateway.url}/api/v1/exports`, { headers: caller });
  request.end();
  await expect(read(await headOf(request))).rejects.toThrow(/aborted/);
});

test('a service may take longer than the time-out as long as it goes on', async () => {
  await start({ UPSTREAM_TIMEOUT_MS: '400' });
  service.answer((_request, response) => {
    let parts = 0;
    const timer = setInterval(() => {
      if (++parts < 6) response.write('part ');
      else {
        clearInterval(timer);
        response.end('end');
      }
    }, 150);
  });
  expect((await ask()).text).toBe('part part part part part end');
});

test('a caller that stops in the middle of its body answers 408, not 504', async () => {
  await start({ UPSTREAM_TIMEOUT_MS: '300' });
  service.answer((request) => void request.resume());
  const request = open(`${gateway.url}/api/v1/exports`, {
    method: 'POST',
    headers: { ...caller, 'transfer-encoding': 'chunked' },
  });
  request.on('error', () => undefined).write('a beginning');
  const answer = await read(await headOf(request));
  expect([answer.status, answer.json()['code']]).toEqual([408, 'request_timeout']);
  request.destroy();
});

test('a caller that does not read its answer is let go', async () => {
  await start({ UPSTREAM_TIMEOUT_MS: '300' });
  const closed = new Promise((resolve) =>
    service.answer((_request, response) => {
      response.once('close', resolve);
      const more = (): void => {
        while (response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', more);
      more();
    }),
  );
  const request = open(`${gateway.url}/api/v1/exports`, { headers: caller });
  request.end();
  await headOf(request);
  await closed;
  request.destroy();
});

test('a connection that never opens answers 503 in time, and the next ones at once', async () => {
  const backlog = await fullBacklog();
  await start({
    EXPORTER_URL: `http://127.0.0.1:${String(backlog.port)}`,
    UPSTREAM_CONNECT_TIMEOUT_MS: '300',
  });
  try {
    expect((await ask()).status).toBe(503);
    const startedAt = performance.now();
    expect((await ask()).status).toBe(503);
    expect(performance.now() - startedAt).toBeLessThan(250);
  } finally {
    await backlog.close();
  }
});

test('a service has only so many connections and so many that wait; more are refused at once', async () => {
  await start({ UPSTREAM_CONNECTIONS: '2', UPSTREAM_WAITING: '3' });
  const finish: (() => void)[] = [];
  service.answer((_request, response) => finish.push(() => void response.end('done')));
  const held = Array.from({ length: 5 }, () => ask());
  await eventually(() => finish.length === 2);
  const refused = await eventually(async () => {
    const answer = await ask('/internal/dead-letters/exporter');
    return answer.status === 503 ? answer : false;
  });
  expect(refused.json()['detail']).toContain('too many requests in hand');
  expect(service.connections.size).toBe(2);
  expect((await ask('/health', 'GET')).status).toBe(200);
  const serve = setInterval(() => finish.splice(0).forEach((go) => go()), 5);
  const answers = await Promise.all(held);
  clearInterval(serve);
  expect(answers.map(({ text }) => text)).toEqual(['done', 'done', 'done', 'done', 'done']);
  // Every place was given back.
  service.answer((_request, response) => response.end('again'));
  for (let count = 0; count < 6; count++) {
    expect((await ask()).text).toBe('again');
  }
});

test('connections are kept and shared', async () => {
  await start();
  for (let count = 0; count < 20; count++) expect((await ask()).status).toBe(200);
  expect(service.connections.size).toBe(1);
});

test('a read that breaks before its answer is tried once more', async () => {
  await start();
  let tries = 0;
  service.answer((request, response) => {
    if (++tries === 1) request.socket.destroy();
    else response.end('second try');
  });
  expect((await ask()).text).toBe('second try');
});

test('a write that breaks before its answer is never sent twice', async () => {
  await start();
  service.answer((request) => void request.resume().on('end', () => request.socket.destroy()));
  const before = service.requests.length;
  const answer = await ask('/api/v1/exports', 'POST', '{}');
  expect([answer.status, answer.json()['code']]).toEqual([502, 'upstream_error']);
  expect(service.requests.length - before).toBe(1);
});

test('a service that closes its idle connections costs no write', async () => {
  await start();
  // Closes after each answer without saying so, as a server whose keep-alive time is over does.
  service.answer(async (request, response) => {
    request.resume();
    await once(request, 'end');
    response.end('ok');
    response.once('finish', () => setImmediate(() => request.socket.end()));
  });
  const agent = new Agent({ keepAlive: true });
  for (let count = 0; count < 100; count++) {
    const answer = await call(`${gateway.url}/api/v1/exports`, {
      method: 'POST',
      headers: caller,
      body: 'x',
      agent,
    });
    expect(answer.status).toBe(200);
    // What was sent at this very moment could not have known; what is sent later must.
    await eventually(() => service.connections.size === 0, { intervalMs: 1 });
  }
  agent.destroy();
});

test('an answer that is no HTTP is a 502, and shows nothing of itself', async () => {
  const odd: Server = createServer(
    (socket) => void socket.on('data', () => socket.end('SSH-2.0-secret\r\n')),
  );
  await new Promise<void>((resolve) => odd.listen(0, '127.0.0.1', resolve));
  await start({ EXPORTER_URL: `http://127.0.0.1:${String((odd.address() as AddressInfo).port)}` });
  const answer = await ask('/api/v1/exports', 'POST', 'x');
  expect([answer.status, answer.json()['code']]).toEqual([502, 'upstream_error']);
  expect(answer.text).not.toContain('SSH');
  odd.close();
});

test('a shutdown waits for what is running, but not for the connection it ran on', async () => {
  await start();
  let finish = (): void => undefined;
  service.answer((_request, response) => {
    response.write('begun ');
    finish = () => void response.end('and done');
  });
  const agent = new Agent({ keepAlive: true });
  const request = open(`${gateway.url}/api/v1/exports`, { headers: caller, agent });
  request.end();
  const head = await headOf(request);
  const stopped = gateway.stop();
  finish();
  expect((await read(head)).text).toBe('begun and done');
  const startedAt = performance.now();
  await stopped;
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  agent.destroy();
});

/** A listener whose queue is full: connections to it never open. */
async function fullBacklog(): Promise<{ port: number; close: () => Promise<void> }> {
  const script = `const s=require('net').createServer().listen({port:0,host:'127.0.0.1',backlog:1},()=>console.log(s.address().port))`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = Number(String((await once(child.stdout, 'data'))[0]));
  // A stopped process accepts nothing; the kernel keeps a few connections for it and drops the rest.
  child.kill('SIGSTOP');
  const fillers: Socket[] = [];
  let opens = true;
  while (opens) {
    const filler = connect({ port, host: '127.0.0.1' }).on('error', () => undefined);
    fillers.push(filler);
    opens = await eventually(() => !filler.connecting, { timeoutMs: 500 }).catch(() => false);
  }
  return {
    port,
    async close() {
      for (const filler of fillers) filler.destroy();
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
