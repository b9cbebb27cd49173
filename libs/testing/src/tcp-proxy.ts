import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * What the network does to connections through the proxy:
 * - `pass`: nothing;
 * - `refuse`: resets those that are open and every new one;
 * - `blackhole`: nothing arrives in either direction and nothing fails, as when a cable is cut; what was sent arrives
 *   once it passes again.
 */
export type ProxyMode = 'pass' | 'refuse' | 'blackhole';

/** A TCP proxy on the loopback interface whose faults a test sets. */
export interface TcpProxy {
  readonly port: number;
  /** May be set at any time; takes effect at once, on open connections too. */
  mode: ProxyMode;
  /** Number of connections open through it. */
  readonly connections: number;
  /** Resets every open connection; new ones are served as `mode` says. */
  reset(): void;
  close(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly target: Socket;
}

class FaultyProxy implements TcpProxy {
  private readonly pairs = new Set<Pair>();
  private readonly server: Server;
  private currentMode: ProxyMode = 'pass';

  constructor(private readonly targetPort: number) {
    this.server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
      this.accept(client);
    });
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(0, '127.0.0.1', resolve);
    });
  }

  get port(): number {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('The proxy is closed');
    return address.port;
  }

  get connections(): number {
    return this.pairs.size;
  }

  get mode(): ProxyMode {
    return this.currentMode;
  }

  set mode(mode: ProxyMode) {
    this.currentMode = mode;
    if (mode === 'refuse') this.reset();
    else for (const pair of this.pairs) this.apply(pair);
  }

  reset(): void {
    for (const { client, target } of this.pairs) {
      client.resetAndDestroy();
      target.resetAndDestroy();
    }
    this.pairs.clear();
  }

  close(): Promise<void> {
    this.reset();
    return new Promise((resolve) => {
      this.server.close(() => {
        resolve();
      });
    });
  }

  private accept(client: Socket): void {
    client.on('error', () => client.destroy());
    if (this.currentMode === 'refuse') {
      client.resetAndDestroy();
      return;
    }
    const target = connect({ port: this.targetPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    client.setNoDelay(true);
    const pair: Pair = { client, target };
    this.pairs.add(pair);
    this.couple(pair, client, target);
    this.couple(pair, target, client);
    this.apply(pair);
  }

  private couple(pair: Pair, from: Socket, to: Socket): void {
    from.on('data', (bytes: Buffer) => {
      if (to.write(bytes)) return;
      from.pause();
      to.once('drain', () => {
        this.apply(pair);
      });
    });
    from.on('end', () => to.end());
    from.on('error', () => {
      to.resetAndDestroy();
      this.pairs.delete(pair);
    });
    from.on('close', () => {
      this.pairs.delete(pair);
      to.destroySoon();
    });
  }

  /** Not reading is what a cut cable looks like: the sender's bytes stay in the kernel's buffers. */
  private apply({ client, target }: Pair): void {
    for (const socket of [client, target]) {
      if (this.currentMode === 'blackhole') socket.pause();
      else socket.resume();
    }
  }
}

/** Starts a proxy in front of a port of the loopback interface. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const proxy = new FaultyProxy(targetPort);
  await proxy.listen();
  return proxy;
}
