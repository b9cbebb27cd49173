import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { eventually, startTcpProxy, type TcpProxy } from '@hornbook/testing';

describe('TCP proxy', () => {
  let echo: Server;
  let proxy: TcpProxy;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    echo = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.pipe(socket);
    });
    echo.listen(0, '127.0.0.1');
    await once(echo, 'listening');
    proxy = await startTcpProxy((echo.address() as AddressInfo).port);
  });

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await proxy.close();
    echo.close();
  });

  /** A client with what it received and how its connection ended. */
  function client(): { socket: Socket; received: () => string; error: () => string | undefined } {
    const socket = connect({ port: proxy.port, host: '127.0.0.1' });
    sockets.push(socket);
    let received = '';
    let error: string | undefined;
    socket.on('data', (bytes: Buffer) => (received += bytes.toString()));
    socket.on('error', (failure: NodeJS.ErrnoException) => (error = failure.code));
    return { socket, received: () => received, error: () => error };
  }

  test('passes bytes both ways', async () => {
    const { socket, received } = client();
    socket.write('hello');
    await eventually(() => received() === 'hello');
    expect(proxy.connections).toBe(1);
  });

  test('passes the end of a connection on', async () => {
    const { socket, received } = client();
    socket.end('last words');
    await once(socket, 'close');
    expect(received()).toBe('last words');
    await eventually(() => proxy.connections === 0);
  });

  test('carries more than the buffers hold', async () => {
    const { socket, received } = client();
    const text = 'x'.repeat(5_000_000);
    socket.write(text);
    await eventually(() => received().length === text.length);
  });

  test('refuses: resets open connections and new ones', async () => {
    const open = client();
    await eventually(() => proxy.connections === 1);
    proxy.mode = 'refuse';
    await eventually(() => open.error() === 'ECONNRESET');
    const late = client();
    await eventually(() => late.error() === 'ECONNRESET');
  });

  test('a black hole swallows nothing: what was sent arrives once it passes again', async () => {
    const open = client();
    open.socket.write('before ');
    await eventually(() => open.received() === 'before ');
    proxy.mode = 'blackhole';
    open.socket.write('during');
    const late = client();
    late.socket.write('late');
    await expect(
      eventually(() => open.received().includes('during') || late.received() !== '', { timeoutMs: 200 }),
    ).rejects.toThrow();
    expect(open.error()).toBeUndefined();
    proxy.mode = 'pass';
    await eventually(() => open.received() === 'before during' && late.received() === 'late');
  });

  test('reset ends open connections and lets new ones pass', async () => {
    const open = client();
    await eventually(() => proxy.connections === 1);
    proxy.reset();
    await eventually(() => open.error() === 'ECONNRESET');
    const next = client();
    next.socket.write('again');
    await eventually(() => next.received() === 'again');
  });
});
