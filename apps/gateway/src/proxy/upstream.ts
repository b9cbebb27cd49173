import { Counter } from 'prom-client';
import { Pool, type Dispatcher } from 'undici';
import type { Service } from './routes.js';

/** Bounds of what one service may take of the gateway. */
export interface UpstreamLimits {
  readonly connections: number;
  /** Requests beyond `connections` that wait their turn. */
  readonly waiting: number;
  readonly connectTimeoutMs: number;
}

/**
 * Idle connections are dropped long before the services drop them (72 s): a request must never be sent on a
 * connection that the other side is just closing, as a POST could not be sent again.
 */
const KEEP_ALIVE_MS = 15_000;

/** After a connection that did not open, how long the service is not asked again. Short, so that recovery is prompt. */
const REST_MS = 1_000;

/** Why a request cannot be sent just now. */
export type Refusal = 'unreachable' | 'overloaded';

/** How a request to a service came to nothing. */
export type Failure = Refusal | 'timeout' | 'broken';

const failures = new Counter({
  name: 'gateway_upstream_failures_total',
  help: 'Requests that a service did not answer, by service and reason.',
  labelNames: ['service', 'reason'],
});

/** One service: its connections, kept open and shared by all requests, and how many requests it has in hand. */
export class Upstream {
  readonly name: string;
  private readonly pool: Pool;
  private readonly most: number;
  private inHand = 0;
  private restsUntil = 0;

  constructor({ name, url }: Service, { connections, waiting, connectTimeoutMs }: UpstreamLimits) {
    this.name = name;
    this.most = connections + waiting;
    this.pool = new Pool(url, {
      connections,
      pipelining: 1,
      allowH2: false,
      connect: { timeout: connectTimeoutMs },
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      // Each exchange keeps its own time, which also covers the wait for a connection.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /** Takes up one of the service's places, or says why there is none. Give it back with `release`. */
  reserve(): Refusal | undefined {
    if (this.restsUntil > performance.now()) return 'unreachable';
    if (this.inHand >= this.most) return 'overloaded';
    this.inHand++;
    return undefined;
  }

  release(): void {
    this.inHand--;
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.pool.dispatch(options, handler);
  }

  /** Notes a failure; a connection that timed out gives the service a rest, as every try would cost that long. */
  failed(failure: Failure, code?: string): void {
    failures.labels(this.name, failure).inc();
    if (code === 'UND_ERR_CONNECT_TIMEOUT') this.restsUntil = performance.now() + REST_MS;
  }

  /** Ends all connections at once; requests in hand fail. */
  async destroy(): Promise<void> {
    await this.pool.destroy();
  }
}
