import { PgBoss } from 'pg-boss';
import { setTimeout as delay } from 'node:timers/promises';
import type { MessagingSettings, PostgresTransportOptions } from '../../messaging-options.js';
import {
  MessageTransport,
  parseFailure,
  type DeadDelivery,
  type Disposition,
  type OutgoingMessage,
  type PublishOutcome,
  type Subscription,
  type TransportHealth,
} from '../message-transport.js';
import { declareQueues, insertJobs, type JobData, type TakenJob } from './pgboss-queue.js';
import { PgbossReader } from './pgboss-reader.js';

const RECONNECT_PAUSE_MS = 1_000;
const SUBSCRIBE_WAIT_MS = 5_000;
const MAX_PAUSE_MS = 5_000;
/** pg-boss accepts no shorter heartbeat. */
const MIN_VISIBILITY_SECONDS = 10;

type Settings = Pick<MessagingSettings, 'service' | 'namespace' | 'retryDelaysMs' | 'logger'>;

/**
 * Queues in Postgres by pg-boss, with the contract of a broker: it stands beside the services' schemas, and a message
 * goes in when the relay publishes it, not when the outbox row is written.
 */
export class PostgresTransport extends MessageTransport {
  private readonly boss: PgBoss;
  private readonly schema: string;
  private readonly visibilitySeconds: number;
  private readonly readers: PgbossReader[] = [];
  private readonly listeners: (() => void)[] = [];
  private starting: Promise<void> | undefined;
  private closing = false;
  private isStarted = false;
  private stopping = false;

  constructor(
    options: PostgresTransportOptions,
    private readonly settings: Settings,
  ) {
    super();
    this.schema = options.schema ?? decodeURIComponent(new URL(options.url).username);
    this.visibilitySeconds = Math.max(MIN_VISIBILITY_SECONDS, options.visibilitySeconds ?? 15);
    this.boss = new PgBoss({
      connectionString: options.url,
      schema: this.schema,
      // The role owns its schema already and may not make others.
      createSchema: false,
      application_name: `${settings.service} messaging`,
      max: 5,
      schedule: false,
      // How soon a dead worker's silence is noticed, after its visibility time.
      superviseIntervalSeconds: 2,
      monitorIntervalSeconds: 2,
      connectionTimeoutMillis: 5_000,
    });
    this.boss.on('error', (error) => {
      if (!this.closing) settings.logger.warn(`pg-boss: ${String(error)}`);
    });
  }

  start(): Promise<void> {
    this.starting ??= this.connect();
    return Promise.resolve();
  }

  onAvailable(listener: () => void): void {
    this.listeners.push(listener);
  }

  async publish(messages: readonly OutgoingMessage[]): Promise<PublishOutcome[]> {
    if (!this.isStarted) return messages.map(() => ({ kind: 'unavailable', error: 'not connected' }));
    try {
      const bindings = await this.bindings(messages);
      const byQueue = new Map<string, JobData[]>();
      for (const { event, body } of messages) {
        for (const queue of bindings.get(event) ?? []) {
          const jobs = byQueue.get(queue);
          if (jobs) jobs.push({ body, attempt: 1 });
          else byQueue.set(queue, [{ body, attempt: 1 }]);
        }
      }
      // Not one transaction: a failure half way repeats the whole batch, and the inboxes absorb what had gone in.
      for (const [queue, jobs] of byQueue) await insertJobs(this.boss, queue, jobs);
      return messages.map(({ event }) =>
        bindings.has(event) ? { kind: 'confirmed' } : { kind: 'unroutable', error: 'NO_ROUTE' },
      );
    } catch (error) {
      return messages.map(() => ({ kind: 'unavailable', error: String(error) }));
    }
  }

  async deliver(queue: string, { body }: OutgoingMessage): Promise<PublishOutcome> {
    try {
      await insertJobs(this.boss, this.queue(queue), [{ body, attempt: 1 }]);
      return { kind: 'confirmed' };
    } catch (error) {
      return { kind: 'unavailable', error: String(error) };
    }
  }

  async subscribe(subscription: Subscription): Promise<void> {
    const queue = this.queue(subscription.queue);
    const dead = `${queue}.dead`;
    const { visibilitySeconds } = this;
    const { logger } = this.settings;
    const declare = (boss: PgBoss): Promise<void> =>
      declareQueues(boss, { queue, dead, event: this.eventName(subscription.event), visibilitySeconds });
    const readers = [
      new PgbossReader({
        queue,
        prefetch: subscription.prefetch,
        visibilitySeconds,
        logger,
        declare,
        onMessage: (job) => this.handle(subscription, queue, job),
      }),
      new PgbossReader({
        queue: dead,
        prefetch: 10,
        visibilitySeconds,
        logger,
        declare,
        onMessage: (job) => this.keep(subscription, job),
      }),
    ];
    this.readers.push(...readers);
    if (this.isStarted) for (const reader of readers) reader.start(this.boss);
    const deadline = performance.now() + SUBSCRIBE_WAIT_MS;
    while (!readers.every((reader) => reader.isConsuming) && performance.now() < deadline) await delay(10);
  }

  async stopConsuming(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.readers.map((reader) => reader.stop()));
  }

  async close(): Promise<void> {
    await this.stopConsuming();
    if (this.closing) return;
    this.closing = true;
    await this.starting;
    if (this.isStarted) await this.boss.stop({ graceful: false, close: true });
    this.isStarted = false;
  }

  async health(): Promise<TransportHealth> {
    if (!this.isStarted) return { ok: false, detail: 'postgres: not connected' };
    try {
      await this.boss.getDb().executeSql('SELECT 1');
    } catch {
      return { ok: false, detail: 'postgres: not reachable' };
    }
    const idle = this.readers.filter((reader) => !reader.isConsuming).length;
    return idle > 0
      ? { ok: false, detail: `postgres: ${String(idle)} queues are not consumed` }
      : { ok: true, detail: 'postgres: connected' };
  }

  private async connect(): Promise<void> {
    for (let first = true; !this.closing && !this.isStarted; first = false) {
      try {
        await this.boss.start();
        this.isStarted = true;
      } catch (error) {
        if (first) this.settings.logger.warn(`pg-boss: ${String(error)}`);
        await delay(RECONNECT_PAUSE_MS);
      }
    }
    if (this.closing) return;
    if (!this.stopping) for (const reader of this.readers) reader.start(this.boss);
    for (const listener of this.listeners) listener();
  }

  /** Queues by event, read anew for every batch: a binding may have come up since, in another process. */
  private async bindings(messages: readonly OutgoingMessage[]): Promise<Map<string, string[]>> {
    const events = [...new Set(messages.map(({ event }) => event))];
    const schema = `"${this.schema.replaceAll('"', '""')}"`;
    const answer = await this.boss
      .getDb()
      .executeSql(`SELECT event, name FROM ${schema}.subscription WHERE event = ANY ($1)`, [
        events.map((event) => this.eventName(event)),
      ]);
    const rows = answer.rows as { event: string; name: string }[];
    const bindings = new Map<string, string[]>();
    for (const event of events) {
      const queues = rows.filter((row) => row.event === this.eventName(event)).map(({ name }) => name);
      if (queues.length > 0) bindings.set(event, queues);
    }
    return bindings;
  }

  private async handle(subscription: Subscription, queue: string, { data }: TakenJob): Promise<boolean> {
    const disposition = await subscription.onMessage({ body: data.body, attempt: data.attempt });
    if (disposition.kind === 'release') return false;
    // Settled only after its successor is stored. A crash in between repeats the message; the inbox absorbs it.
    return this.untilStored(subscription.queue, () => this.storeSuccessor(queue, data.body, disposition));
  }

  private async storeSuccessor(queue: string, body: string, disposition: Disposition): Promise<void> {
    if (disposition.kind === 'retry') {
      await insertJobs(this.boss, queue, [{ body, attempt: disposition.attempt }], disposition.delayMs);
    } else if (disposition.kind === 'park') {
      const { failure } = disposition;
      await insertJobs(this.boss, `${queue}.dead`, [
        { body, attempt: failure.attempts, failure: JSON.stringify(failure) },
      ]);
    }
  }

  private keep(subscription: Subscription, { data }: TakenJob): Promise<boolean> {
    const failure = parseFailure(data.failure ?? '') ?? {
      reason: 'delivery_limit',
      errorClass: 'BrokerDeadLetter',
      errorMessage: 'pg-boss gave up on it: its workers kept dying',
      fingerprint: 'broker',
      attempts: data.attempt,
    };
    const dead: DeadDelivery = { body: data.body, failure };
    return this.untilStored(subscription.queue, () => subscription.onDeadLetter(dead));
  }

  private async untilStored(queue: string, store: () => Promise<void>): Promise<boolean> {
    for (let pauseMs = 100; ; pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2)) {
      try {
        await store();
        return true;
      } catch (error) {
        this.settings.logger.warn(`pg-boss ${queue}: ${String(error)}`);
      }
      if (this.stopping) return false;
      await delay(pauseMs);
    }
  }

  private queue(name: string): string {
    return `${this.settings.namespace}.${name}`;
  }

  private eventName(event: string): string {
    return `${this.settings.namespace}.${event}`;
  }
}
