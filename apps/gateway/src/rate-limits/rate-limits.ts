import { ProblemError } from '@hornbook/service-kit';
import type { FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import { Counter } from 'prom-client';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { RateLimitedError, type LimitName } from './rate-limits.errors.js';
import { SharedStore } from './shared-store.js';

/** What is allowed in one window. */
export interface RateLimitOptions {
  readonly windowSeconds: number;
  readonly most: Readonly<Record<LimitName, number>>;
  /** Redis that several gateways count in; undefined: each process counts for itself. */
  readonly redisUrl: string | undefined;
  readonly logger: Logger;
}

/** How much of a limit is used. */
export interface Usage {
  readonly most: number;
  readonly remaining: number;
  readonly resetSeconds: number;
}

interface Counted {
  readonly used: RateLimiterRes;
  readonly refused: boolean;
}

const refusals = new Counter({
  name: 'gateway_rate_limited_total',
  help: 'Requests refused with 429, by the limit they met.',
  labelNames: ['limit'],
});

/** Counts in the shared store while that answers, and in this process otherwise. */
class LimitCounter {
  private readonly own: RateLimiterMemory;
  private readonly shared: RateLimiterRedis | undefined;

  constructor(
    readonly name: LimitName,
    readonly most: number,
    readonly windowSeconds: number,
    private readonly store: SharedStore | undefined,
  ) {
    const options = { keyPrefix: `hornbook:rate:${name}`, points: most, duration: windowSeconds };
    this.own = new RateLimiterMemory(options);
    // One atomic script counts and sets the expiry: gateways that count at once cannot overtake each other. A key
    // that is over its limit is refused here without asking again until its window ends.
    this.shared =
      store &&
      new RateLimiterRedis({ ...options, storeClient: store.client, inMemoryBlockOnConsumed: most + 1 });
  }

  /** Counts one; tells what is used, this one included, and whether it was too much. */
  async consume(key: string): Promise<Counted> {
    if (this.shared && this.store?.answers) {
      try {
        return await settled(this.shared.consume(key));
      } catch (error) {
        this.store.failed(error);
      }
    }
    if (this.store) this.store.fellBack();
    return settled(this.own.consume(key));
  }

  /** Usage without counting. */
  async look(key: string): Promise<RateLimiterRes | null> {
    if (this.shared && this.store?.answers) {
      try {
        return await this.shared.get(key);
      } catch (error) {
        this.store.failed(error);
      }
    }
    return this.own.get(key);
  }
}

/** The library rejects with the usage when a limit is exceeded; only real failures are errors here. */
async function settled(counting: Promise<RateLimiterRes>): Promise<Counted> {
  try {
    return { used: await counting, refused: false };
  } catch (used) {
    if (used instanceof RateLimiterRes) return { used, refused: true };
    throw used;
  }
}

/** Limits by caller and by address, and a stricter one for failed authentications. Windows are fixed. */
export class RateLimits {
  private readonly store: SharedStore | undefined;
  private readonly counters: Readonly<Record<LimitName, LimitCounter>>;

  constructor({ windowSeconds, most, redisUrl, logger }: RateLimitOptions) {
    const store = redisUrl === undefined ? undefined : new SharedStore(redisUrl, logger);
    const counter = (name: LimitName): LimitCounter =>
      new LimitCounter(name, most[name], windowSeconds, store);
    this.store = store;
    this.counters = {
      caller: counter('caller'),
      address: counter('address'),
      failed_authentications: counter('failed_authentications'),
    };
  }

  /** Connects the shared store, if there is one. */
  async open(): Promise<void> {
    await this.store?.connect();
  }

  close(): void {
    this.store?.close();
  }

  /**
   * Counts one request and tells the caller what is left, of this limit or of `other` if less is left of that.
   * @throws RateLimitedError
   */
  async count(name: 'caller' | 'address', key: string, reply: FastifyReply, other?: Usage): Promise<Usage> {
    const { used, refused } = await this.counters[name].consume(key);
    const own = this.usageOf(name, used, refused);
    if (refused) {
      tell(reply, own);
      this.refuse(name, own);
    }
    const shown = other && other.remaining < own.remaining ? other : own;
    tell(reply, shown);
    return shown;
  }

  /**
   * Runs `authenticate` unless too many authentications from here have failed; counts it when it fails. Credentials
   * that are known to be good do not come this way, so that a noisy neighbour behind one address locks nobody out.
   * @throws RateLimitedError, or what `authenticate` throws
   */
  async guarded<Result>(
    key: string,
    reply: FastifyReply,
    authenticate: () => Promise<Result>,
  ): Promise<Result> {
    const counter = this.counters.failed_authentications;
    const failed = await counter.look(key);
    if (failed && failed.consumedPoints >= counter.most) {
      const usage = this.usageOf('failed_authentications', failed, true);
      tell(reply, usage);
      this.refuse('failed_authentications', usage);
    }
    try {
      return await authenticate();
    } catch (error) {
      if (error instanceof ProblemError && error.code === 'unauthenticated') await counter.consume(key);
      throw error;
    }
  }

  private usageOf(
    name: LimitName,
    { consumedPoints, msBeforeNext }: RateLimiterRes,
    refused: boolean,
  ): Usage {
    const { most } = this.counters[name];
    return {
      most,
      remaining: refused ? 0 : Math.max(0, most - consumedPoints),
      resetSeconds: Math.max(1, Math.ceil(msBeforeNext / 1_000)),
    };
  }

  private refuse(name: LimitName, { most, resetSeconds }: Usage): never {
    refusals.labels(name).inc();
    throw new RateLimitedError(name, most, this.counters[name].windowSeconds, resetSeconds);
  }
}

function tell(reply: FastifyReply, { most, remaining, resetSeconds }: Usage): void {
  void reply
    .header('ratelimit-limit', String(most))
    .header('ratelimit-remaining', String(remaining))
    .header('ratelimit-reset', String(resetSeconds));
}
