import type { LookupAddress } from 'node:dns';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebhookClient, type Resolve } from './webhook-client.js';

/** A resolver that answers these addresses, and counts how often it was asked. */
function answering(...addresses: string[]): Resolve & { readonly asked: string[] } {
  const asked: string[] = [];
  const resolve = (
    host: string,
    _options: unknown,
    done: (error: null, found: LookupAddress[]) => void,
  ): void => {
    asked.push(host);
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return Object.assign(resolve as unknown as Resolve, { asked });
}

describe('the webhook client', () => {
  let server: Server;
  let port: number;
  const seen: IncomingHttpHeaders[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      seen.push(request.headers);
      if (request.url === '/silent') return;
      if (request.url === '/elsewhere') response.writeHead(307, { location: '/ok' });
      if (request.url === '/endless') {
        response.writeHead(200);
        const write = (): void => {
          while (!response.destroyed && response.write('x'.repeat(16_384)));
          if (!response.destroyed) response.once('drain', write);
        };
        write();
        return;
      }
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  beforeEach(() => {
    seen.length = 0;
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  async function send(
    url: string,
    options: { allowPrivate?: boolean; resolve?: Resolve; timeoutMs?: number } = {},
  ): ReturnType<WebhookClient['send']> {
    const client = new WebhookClient({ timeoutMs: 5_000, allowPrivate: false, ...options });
    try {
      return await client.send({ url, body: '{}', headers: {} });
    } finally {
      await client.close();
    }
  }

  test.each([
    'http://127.0.0.1',
    'http://0x7f.1',
    'http://[::1]',
    'http://[::ffff:127.0.0.1]',
    'http://10.0.0.1',
  ])('goes nowhere when the URL names a private address: %s', async (origin) => {
    expect(await send(`${origin}:${port}/ok`)).toMatchObject({ error: 'private_address', permanent: true });
    expect(seen).toEqual([]);
  });

  test('goes nowhere when the name stands for a private address, be it one of several', async () => {
    const resolve = answering('93.184.215.14', '127.0.0.1');

    expect(await send(`http://hooks.example:${port}/ok`, { resolve })).toMatchObject({
      error: 'private_address',
    });
    expect(await send(`http://localhost:${port}/ok`)).toMatchObject({ error: 'private_address' });
    expect(seen).toEqual([]);
  });

  test('connects to the address that was looked at: the name is looked up once', async () => {
    const resolve = answering('127.0.0.1');

    const outcome = await send(`http://hooks.example:${port}/ok`, { resolve, allowPrivate: true });

    expect(outcome).toEqual({ status: 200, error: null, permanent: false });
    expect(resolve.asked).toEqual(['hooks.example']);
    expect(seen).toMatchObject([{ host: `hooks.example:${port}` }]);
  });

  test('follows no redirect', async () => {
    const outcome = await send(`http://127.0.0.1:${port}/elsewhere`, { allowPrivate: true });

    expect(outcome).toEqual({ status: 307, error: 'redirect_not_followed', permanent: false });
    expect(seen).toHaveLength(1);
  });

  test('waits for no answer longer than it may, and reads no more of one than it needs', async () => {
    const silent = await send(`http://127.0.0.1:${port}/silent`, { allowPrivate: true, timeoutMs: 300 });
    const endless = await send(`http://127.0.0.1:${port}/endless`, { allowPrivate: true, timeoutMs: 60_000 });

    expect(silent).toEqual({ status: null, error: 'timeout', permanent: false });
    expect(endless).toEqual({ status: 200, error: null, permanent: false });
  });
});
