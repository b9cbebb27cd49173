import { Database } from '@hornbook/database';
import { Outbox } from '@hornbook/messaging';
import { Shutdown } from '@hornbook/service-kit';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { AssignmentConfig } from '../config.js';
import { FOLD_COUNTS } from '../items/counters.sql.js';
import { Transitions } from '../items/transitions.js';
import { publishSlotsReleased } from '../reviews/slot-events.js';
import { releaseExpiredSlots } from '../reviews/slots.js';
import { LEASES, releaseExpired } from './release-expired.js';

/** Slots given back in one transaction. */
const MOST_SLOTS = 500;
/** Answers under an Idempotency-Key are kept so long. */
const KEEP_KEYS = `interval '24 hours'`;

/**
 * Ends leases that have run out, folds counters and forgets old idempotency keys, every few seconds. Any number of
 * copies may run: each takes what no other has in hand.
 */
@Injectable()
export class Sweeper implements OnApplicationBootstrap {
  private readonly logger = new Logger(Sweeper.name);
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    private readonly database: Database,
    private readonly transitions: Transitions,
    private readonly outbox: Outbox,
    private readonly config: AssignmentConfig,
    private readonly shutdown: Shutdown,
  ) {}

  onApplicationBootstrap(): void {
    this.shutdown.on('stop taking work', async () => {
      this.stopped = true;
      clearTimeout(this.timer);
      await this.running;
    });
    this.plan();
  }

  /** Ends every lease that has run out by now. @returns how many items and slots went back to the pool */
  async sweep(): Promise<number> {
    let total = 0;
    for (let freed = 1; freed > 0 && !this.stopped;) {
      freed = await this.database.transaction((tx) => releaseExpired(tx, this.transitions));
      freed += await this.database.transaction(async (tx) => {
        const slots = await releaseExpiredSlots(tx, MOST_SLOTS, LEASES);
        await publishSlotsReleased(this.outbox, tx, slots, { reason: 'expired', actor: LEASES });
        return slots.length;
      });
      total += freed;
    }
    await this.database.query(FOLD_COUNTS);
    await this.database.query(`DELETE FROM idempotency_keys WHERE created_at < now() - ${KEEP_KEYS}`);
    return total;
  }

  private plan(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.running = this.sweep()
        .then(
          (freed) => {
            if (freed > 0) this.logger.log({ msg: 'leases expired', items: freed });
          },
          (error: unknown) => {
            this.logger.error({ msg: 'sweep failed', err: error });
          },
        )
        .finally(() => this.plan());
    }, this.config.leaseSweepMs);
  }
}
