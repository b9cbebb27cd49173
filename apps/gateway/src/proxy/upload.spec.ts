import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { eventually } from '@hornbook/testing';
import { BodyTooLargeError, CallerLeftError, Upload } from './upload.js';

const MIB = 1_048_576;

let server: Server;
let arrived: Promise<IncomingMessage>;

beforeEach(async () => {
  server = createServer();
  arrived = new Promise((resolve) => server.once('request', resolve));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** A request that sends `total` bytes as fast as it can, chunked. */
function sending(total: number): { sent: () => number; end: () => void } {
  let sent = 0;
  const request = httpRequest({ port: (server.address() as AddressInfo).port, method: 'POST' });
  request.on('error', () => undefined);
  Readable.from(
    (function* () {
      for (; sent < total; sent += MIB) yield Buffer.alloc(MIB);
    })(),
  ).pipe(request);
  return { sent: () => sent, end: () => request.destroy() };
}

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

test('a body that nobody reads stays with its sender', async () => {
  const client = sending(256 * MIB);
  const upload = new Upload(await arrived, 512 * MIB, () => undefined);
  upload.read(0);
  expect(await settles(client.sent)).toBeLessThan(32 * MIB);
  let received = 0;
  for await (const part of upload) received += (part as Buffer).length;
  expect(received).toBe(256 * MIB);
});

test('it knows whether the sender or the reader is waited for', async () => {
  const client = sending(64 * MIB);
  const upload = new Upload(await arrived, 512 * MIB, () => undefined);
  expect(upload.starved).toBe(false);
  upload.on('error', () => undefined).read(0);
  await settles(client.sent);
  expect(upload.starved).toBe(false);
});

test('a body beyond the limit is an error, and what is within was handed on', async () => {
  sending(4 * MIB);
  const upload = new Upload(await arrived, 2 * MIB, () => undefined);
  upload.resume();
  expect((await once(upload, 'error'))[0]).toBeInstanceOf(BodyTooLargeError);
});

test('a sender that leaves is an error, not an end', async () => {
  const client = sending(256 * MIB);
  const upload = new Upload(await arrived, 512 * MIB, () => undefined);
  const failed = once(upload, 'error');
  upload.once('data', () => client.end());
  expect((await failed)[0]).toBeInstanceOf(CallerLeftError);
});
