import type { PgBoss } from 'pg-boss';
import { setTimeout as delay } from 'node:timers/promises';
import type { MessagingLogger } from '../../messaging-options.js';
import { takeJobs, type TakenJob } from './pgboss-queue.js';

const BUSY_POLL_MS = 20;
const IDLE_POLL_MS = 200;
const BROKEN_PAUSE_MS = 1_000;

/** One queue to read and what to do with its messages. */
export interface PgbossReaderOptions {
  readonly queue: string;
  readonly prefetch: number;
  readonly visibilitySeconds: number;
  readonly logger: MessagingLogger;
  /** Declares the queue; repeated after every failure. */
  readonly declare: (boss: PgBoss) => Promise<void>;
  /** Works on one message. @returns whether it is settled; otherwise it is given back. Must not reject. */
  readonly onMessage: (job: TakenJob) => Promise<boolean>;
}

/** Fetches one queue with at most `prefetch` messages in hand, and keeps those alive by heartbeat. */
export class PgbossReader {
  private readonly inHand = new Map<string, Promise<void>>();
  private settled: string[] = [];
  private settling: Promise<void> | undefined;
  private loop: Promise<void> | undefined;
  private heartbeat: NodeJS.Timeout | undefined;
  private stopping = false;
  private freed: (() => void) | undefined;
  /** Whether messages are flowing. */
  isConsuming = false;

  constructor(private readonly options: PgbossReaderOptions) {}

  /** Starts fetching. */
  start(boss: PgBoss): void {
    this.loop ??= this.run(boss);
    this.heartbeat ??= setInterval(
      () => {
        const ids = [...this.inHand.keys()];
        if (ids.length > 0) boss.touch(this.options.queue, ids).catch(() => undefined);
      },
      (this.options.visibilitySeconds * 1_000) / 3,
    );
  }

  /** Takes no further message and resolves when those in hand are settled. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.freed?.();
    await this.loop;
    while (this.inHand.size > 0) await Promise.all(this.inHand.values());
    clearInterval(this.heartbeat);
  }

  private async run(boss: PgBoss): Promise<void> {
    let pollMs = BUSY_POLL_MS;
    while (!this.stopping) {
      try {
        if (!this.isConsuming) await this.options.declare(boss);
        this.isConsuming = true;
        const jobs = await takeJobs(boss, this.options.queue, this.options.prefetch - this.inHand.size);
        for (const job of jobs) this.work(boss, job);
        pollMs = jobs.length > 0 ? BUSY_POLL_MS : Math.min(IDLE_POLL_MS, pollMs * 1.5);
        if (this.inHand.size >= this.options.prefetch) await this.slot();
        else if (jobs.length === 0) await this.pause(pollMs);
      } catch (error) {
        if (this.isConsuming) this.options.logger.warn(`pg-boss ${this.options.queue}: ${String(error)}`);
        this.isConsuming = false;
        await this.pause(BROKEN_PAUSE_MS);
      }
    }
  }

  private work(boss: PgBoss, job: TakenJob): void {
    const work = this.options
      .onMessage(job)
      .then((settled) => (settled ? this.settle(boss, job.id) : this.giveBack(boss, job.id)))
      .catch((error: unknown) => {
        // Unsettled it comes again after the visibility time, and the inbox knows what was done.
        this.options.logger.warn(`pg-boss ${this.options.queue}: ${String(error)}`);
      })
      .finally(() => {
        this.inHand.delete(job.id);
        this.freed?.();
      });
    this.inHand.set(job.id, work);
  }

  /** Deletes in batches: what is settled while one statement runs goes with the next. */
  private async settle(boss: PgBoss, id: string): Promise<void> {
    this.settled.push(id);
    // The turn's other messages join in before the first statement leaves.
    this.settling ??= Promise.resolve().then(() => this.deleteSettled(boss));
    while (this.settled.includes(id)) await (this.settling ??= this.deleteSettled(boss));
    await this.settling;
  }

  private async deleteSettled(boss: PgBoss): Promise<void> {
    const ids = this.settled;
    this.settled = [];
    try {
      await boss.deleteJob(this.options.queue, ids);
    } finally {
      this.settling = undefined;
    }
  }

  private async giveBack(boss: PgBoss, id: string): Promise<void> {
    await boss.fail(this.options.queue, id, { reason: 'released' });
  }

  private async slot(): Promise<void> {
    if (this.inHand.size < this.options.prefetch || this.stopping) return;
    await new Promise<void>((resolve) => (this.freed = resolve));
    this.freed = undefined;
  }

  private async pause(ms: number): Promise<void> {
    const abort = new AbortController();
    this.freed = () => {
      if (this.stopping) abort.abort();
    };
    await delay(ms, undefined, { signal: abort.signal }).catch(() => undefined);
    this.freed = undefined;
  }
}
