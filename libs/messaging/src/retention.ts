import type { Database } from '@hornbook/database';
import { DeadLetters } from './dead-letters/dead-letters.js';
import type { MessagingSettings } from './messaging-options.js';
import type { OutboxStore } from './outbox/outbox-store.js';
import { metrics } from './telemetry/metrics.js';

const PURGE_EVERY_MS = 600_000;
const GAUGE_EVERY_MS = 5_000;
/** Small enough that no purge holds locks or bloats the log for long. */
const PURGE_BATCH = 5_000;

/** Background chores: old rows of outbox and inbox leave in bounded batches, gauges are brought up to date. */
export class Retention {
  private timers: NodeJS.Timeout[] = [];

  constructor(
    private readonly database: Database,
    private readonly store: OutboxStore,
    private readonly deadLetters: DeadLetters,
    private readonly settings: MessagingSettings,
  ) {}

  /** Starts the timers; they do not keep the process alive. */
  start(): void {
    if (this.timers.length > 0) return;
    this.timers = [
      this.every(PURGE_EVERY_MS, () => this.purge()),
      this.every(GAUGE_EVERY_MS, () => this.measure()),
    ];
  }

  stop(): void {
    for (const timer of this.timers) clearInterval(timer);
    this.timers = [];
  }

  /** Removes what is past its retention. @returns rows removed */
  async purge(): Promise<number> {
    const { outboxRetentionDays, inboxRetentionDays } = this.settings;
    const outbox = await this.purgeTable('outbox', 'published_at', outboxRetentionDays);
    const inbox = await this.purgeTable('inbox', 'consumed_at', inboxRetentionDays);
    return outbox + inbox;
  }

  private async purgeTable(table: 'outbox' | 'inbox', column: string, days: number): Promise<number> {
    for (let total = 0; ;) {
      const rows = await this.database.query(
        `DELETE FROM ${table} WHERE ctid = ANY (ARRAY (
           SELECT ctid FROM ${table} WHERE ${column} < now() - $1 * interval '1 day' LIMIT $2 FOR UPDATE SKIP LOCKED))
         RETURNING 1`,
        [days, PURGE_BATCH],
      );
      total += rows.length;
      if (rows.length < PURGE_BATCH) return total;
    }
  }

  private async measure(): Promise<void> {
    const { service } = this.settings;
    const { depth, oldestSeconds } = await this.store.backlog();
    metrics.outboxDepth.set({ service }, depth);
    metrics.outboxOldest.set({ service }, oldestSeconds);
    metrics.deadLetters.set({ service }, await this.deadLetters.count());
  }

  private every(periodMs: number, chore: () => Promise<unknown>): NodeJS.Timeout {
    let running = false;
    const timer = setInterval(() => {
      if (running) return;
      running = true;
      chore()
        .catch((error: unknown) => {
          this.settings.logger.warn(`messaging retention: ${String(error)}`);
        })
        .finally(() => (running = false));
    }, periodMs);
    return timer.unref();
  }
}
