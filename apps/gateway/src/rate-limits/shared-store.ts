import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { Counter, Gauge } from 'prom-client';
import type { Logger } from 'pino';

/** Longest wait for Redis, milliseconds: a limit is not worth more. */
const COMMAND_MS = 150;
/** After a failure, how long Redis is not asked: a silent one would cost every request the whole wait. */
const REST_MS = 1_000;

/** Longest wait for Redis before the gateway starts without it, milliseconds. */
const START_MS = 1_000;

const fallbacks = new Counter({
  name: 'gateway_rate_limit_fallbacks_total',
  help: 'Requests counted by this process alone because the shared store did not answer.',
});
const up = new Gauge({
  name: 'gateway_rate_limit_store_up',
  help: 'Whether the shared store of the rate limits answers (1) or each process counts for itself (0).',
});

/**
 * The Redis that all gateways count in. Stated policy when it fails: requests pass (fail open), and each process keeps
 * the limits for itself until it is back.
 */
export class SharedStore {
  readonly client: Redis;
  private restsUntil = 0;
  private failing = false;
  private closed = false;

  constructor(
    url: string,
    private readonly logger: Logger,
  ) {
    this.client = new Redis(url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      enableAutoPipelining: true,
      maxRetriesPerRequest: 0,
      connectTimeout: 2_000,
      commandTimeout: COMMAND_MS,
      retryStrategy: (attempt) => Math.min(attempt * 100, 2_000),
    });
    // Without a listener a lost connection would end the process; `failed` does the reporting.
    this.client.on('error', (error: Error) => this.failed(error));
    this.client.on('close', () => {
      if (!this.closed) this.failed(new Error('the connection was closed'));
    });
    this.client.on('ready', () => this.recovered());
  }

  /** Whether it is worth asking. */
  get answers(): boolean {
    return this.client.status === 'ready' && this.restsUntil <= performance.now();
  }

  /** Opens the connection. Neither a failure nor a silent Redis is a reason not to start. */
  async connect(): Promise<void> {
    const connected = this.client.connect().catch((error: unknown) => this.failed(error));
    const waited = new AbortController();
    await Promise.race([
      connected,
      delay(START_MS, undefined, { signal: waited.signal }).catch(() => undefined),
    ]);
    waited.abort();
  }

  /** Counts a request that was counted in the process alone. */
  fellBack(): void {
    fallbacks.inc();
  }

  failed(error: unknown): void {
    this.restsUntil = performance.now() + REST_MS;
    up.set(0);
    if (this.failing) return;
    this.failing = true;
    this.logger.warn({
      msg: 'rate limits are kept by each process alone: Redis does not answer',
      err: error,
    });
  }

  recovered(): void {
    up.set(1);
    if (!this.failing) return;
    this.failing = false;
    this.logger.info({ msg: 'rate limits are shared again: Redis answers' });
  }

  close(): void {
    this.closed = true;
    this.client.disconnect();
  }
}
