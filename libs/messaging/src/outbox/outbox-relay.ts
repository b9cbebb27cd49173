import { eventCatalog } from '@hornbook/contracts';
import { SpanKind, trace } from '@opentelemetry/api';
import { setTimeout as delay } from 'node:timers/promises';
import type { MessagingSettings } from '../messaging-options.js';
import { metrics } from '../telemetry/metrics.js';
import { remoteContext } from '../telemetry/traceparent.js';
import type { MessageTransport, PublishOutcome } from '../transport/message-transport.js';
import { envelopeOf, type OutboxRow } from './envelope.js';
import type { Lease, OutboxStore } from './outbox-store.js';
import { wavesByKey } from './waves.js';

/** What one look at the outbox did. */
export interface RelayRun {
  readonly sent: number;
  /** Rows refused, unroutable (unless they are announcements) or unsent because the broker was away. */
  readonly failed: number;
  /** Whether more rows may be due right now. */
  readonly more: boolean;
}

/** Events that are done with although nobody consumes them. */
const announcements = new Set<string>(
  eventCatalog.filter(({ mayBeUnheard }) => mayBeUnheard === true).map(({ name }) => name),
);
const NOTHING: RelayRun = { sent: 0, failed: 0, more: false };
/** Ceiling of the pause while the broker or the database is away. */
const MAX_PAUSE_MS = 5_000;

interface Failed {
  readonly row: OutboxRow;
  readonly outcome: Exclude<PublishOutcome, { kind: 'confirmed' }>;
}

/**
 * Sends what the outbox holds. Any number of replicas may run one; the lease lets one of them send. A row counts as
 * sent only after the broker's confirm, and the next row of a key leaves only after that of the one before.
 */
export class OutboxRelay {
  private readonly tracer = trace.getTracer('@hornbook/messaging');
  private lease: Lease | undefined;
  private loop: Promise<void> | undefined;
  private stopping = false;
  private nudged = false;
  private wake: (() => void) | undefined;
  /** Consecutive looks that failed as a whole. */
  private failures = 0;

  constructor(
    private readonly store: OutboxStore,
    private readonly transport: MessageTransport,
    private readonly settings: Pick<MessagingSettings, 'service' | 'relay' | 'logger'>,
  ) {
    transport.onAvailable(() => {
      this.failures = 0;
      this.nudge();
    });
  }

  /** Starts the loop. Safe to repeat. */
  start(): void {
    if (this.loop) return;
    this.stopping = false;
    this.loop = this.run();
  }

  /** Something was committed: look now. */
  nudge(): void {
    this.nudged = true;
    this.wake?.();
  }

  /** Sends what is committed by now, gives up the lease and ends the loop. Safe to repeat. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.wake?.();
    await this.loop;
    this.loop = undefined;
    const lease = this.lease;
    this.lease = undefined;
    if (lease) await this.store.release(lease).catch(() => undefined);
  }

  private async run(): Promise<void> {
    for (;;) {
      // Read before the look: a stop that comes during it still gets one last look of its own.
      const last = this.stopping;
      this.nudged = false;
      const { more } = await this.look();
      if (more && this.failures === 0) continue;
      if (last) return;
      if (!this.stopping) await this.pause();
    }
  }

  private async look(): Promise<RelayRun> {
    try {
      return await this.runOnce();
    } catch (error) {
      this.failures++;
      this.lease = undefined;
      if (this.failures === 1) this.settings.logger.warn(`outbox relay: ${String(error)}`);
      return NOTHING;
    }
  }

  private async pause(): Promise<void> {
    const { pollMs } = this.settings.relay;
    const broken = this.failures > 0;
    if (this.nudged && !broken) return;
    const pauseMs = broken
      ? Math.min(MAX_PAUSE_MS, pollMs * 2 ** this.failures) * (0.5 + Math.random() / 2)
      : pollMs;
    const abort = new AbortController();
    this.wake = () => {
      // While something is broken a commit is no reason to hurry, only the broker's return or a stop is.
      if (this.stopping || this.failures === 0) abort.abort();
    };
    await delay(pauseMs, undefined, { signal: abort.signal }).catch(() => undefined);
    this.wake = undefined;
  }

  /** One look at the outbox: at most one batch. @throws when the database cannot be reached */
  async runOnce(): Promise<RelayRun> {
    const { batch, leaseMs } = this.settings.relay;
    const lease = await this.holdLease();
    if (!lease) return NOTHING;
    const rows = await this.store.due(batch);
    if (rows.length === 0) {
      this.failures = 0;
      return NOTHING;
    }
    const renewal = setInterval(() => void this.renew().catch(() => undefined), leaseMs / 3);
    try {
      return await this.send(rows);
    } finally {
      clearInterval(renewal);
    }
  }

  private async send(rows: OutboxRow[]): Promise<RelayRun> {
    const sent: string[] = [];
    const failed: Failed[] = [];
    const heldBack = new Set<string>();
    let away = false;
    for (const wave of this.plan(rows)) {
      const ready = wave.filter((row) => !heldBack.has(row.key));
      // A relay that slept through its lease must not start another wave beside its successor.
      if (away || !this.lease || performance.now() > this.lease.until) break;
      if (ready.length === 0) continue;
      const outcomes = await this.publish(ready);
      ready.forEach((row, index) => {
        const outcome: PublishOutcome = outcomes[index] ?? { kind: 'unavailable', error: 'no outcome' };
        if (outcome.kind === 'confirmed' || isUnheard(row.event, outcome)) {
          metrics.published.inc({ event: row.event });
          sent.push(row.id);
          return;
        }
        metrics.publishFailed.inc({ event: row.event, outcome: outcome.kind });
        failed.push({ row, outcome });
        heldBack.add(row.key);
        away ||= outcome.kind === 'unavailable';
      });
    }
    await this.settle(sent, failed);
    this.failures = away ? this.failures + 1 : 0;
    return { sent: sent.length, failed: failed.length, more: !away && sent.length > 0 };
  }

  /** Groups that are sent one after the other. */
  protected plan(rows: OutboxRow[]): OutboxRow[][] {
    return wavesByKey(rows);
  }

  private async publish(rows: OutboxRow[]): Promise<PublishOutcome[]> {
    const span = this.tracer.startSpan('send outbox', {
      kind: SpanKind.CLIENT,
      attributes: { 'messaging.operation.type': 'send', 'messaging.batch.message_count': rows.length },
      links: rows.flatMap((row) => {
        const origin = trace.getSpanContext(remoteContext(row.traceparent ?? undefined));
        return origin ? [{ context: origin }] : [];
      }),
    });
    try {
      const messages = rows.map((row) => ({
        id: row.message_id,
        event: row.event,
        body: envelopeOf(row, this.settings.service),
      }));
      return await this.transport.publish(messages);
    } finally {
      span.end();
    }
  }

  private async settle(sent: string[], failed: Failed[]): Promise<void> {
    const lease = this.lease;
    if (!lease) return;
    const pick = (away: boolean): { id: string; error: string }[] =>
      failed
        .filter(({ outcome }) => (outcome.kind === 'unavailable') === away)
        .map(({ row, outcome }) => ({ id: row.id, error: `${outcome.kind}: ${outcome.error}` }));
    const settlement = { sent, refused: pick(false), unsent: pick(true) };
    this.lease = await this.store.settle(lease, this.settings.relay.leaseMs, settlement);
    if (!this.lease) this.settings.logger.warn('outbox relay: lease lost, another relay goes on');
  }

  private async holdLease(): Promise<Lease | undefined> {
    const { leaseMs } = this.settings.relay;
    // With most of the lease left a look costs one statement.
    if (this.lease && this.lease.until - performance.now() > leaseMs / 2) return this.lease;
    this.lease = this.lease ? await this.store.renew(this.lease, leaseMs) : undefined;
    this.lease ??= await this.store.claim(leaseMs);
    return this.lease;
  }

  private async renew(): Promise<void> {
    const { lease } = this;
    if (!lease) return;
    const renewed = await this.store.renew(lease, this.settings.relay.leaseMs);
    // `settle` may have set a newer one in the meantime; only the same epoch may be replaced.
    if (this.lease?.epoch === lease.epoch) this.lease = renewed;
  }
}

/** Whether nobody took an event that nobody has to take. */
function isUnheard(event: string, { kind }: PublishOutcome): boolean {
  return kind === 'unroutable' && announcements.has(event);
}
