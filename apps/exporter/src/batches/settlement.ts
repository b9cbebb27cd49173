import { Database, onCommit, queryRows, type Tx } from '@hornbook/database';
import { Injectable, Logger } from '@nestjs/common';
import { randomInt } from 'node:crypto';
import { ExporterConfig } from '../config.js';
import { recordBatchFailure, recordDialogueFailures } from '../failures/record-failures.js';
import { countFailures } from '../metrics.js';
import { pauseExports } from '../settings/pause.js';
import type { ClaimedBatch } from './claims.js';
import { confirmBatch } from './confirm-batch.js';
import { note } from './history.js';
import type { ExportError, Outcome } from './outcome.js';
import { retryAfter, retryDelay } from './retry-schedule.js';
import { sealBatches } from './seal-batches.js';

/** A platform that calls every id taken must not be fed ids for ever. */
const MAX_COLLISIONS = 5;
/** Width of the random leap away from somebody else's ids, seconds per collision. */
const LEAP_SECONDS = 60;

/** The row of a batch that this process still has in hand, locked. */
interface HeldBatch {
  readonly batchId: string;
  readonly owner: string;
  readonly attempts: number;
  readonly deferrals: number;
  readonly collisions: number;
  readonly dialogues: number;
  readonly firstSentAt: Date | null;
}

/**
 * Turns the outcome of a send into the batch's next state. Each outcome is one transaction that ends with every
 * dialogue in a batch to be sent, confirmed, or in `export_failures`; never in neither.
 */
@Injectable()
export class Settlement {
  private readonly logger = new Logger(Settlement.name);

  constructor(
    private readonly database: Database,
    private readonly config: ExporterConfig,
  ) {}

  /**
   * Applies `outcome`. Without effect when the lease ended meanwhile and another process has the batch, except for a
   * confirmation, which is true whoever brings it.
   * @returns how long the platform asked to be left alone altogether, milliseconds
   */
  async settle(batch: ClaimedBatch, outcome: Outcome): Promise<number> {
    const { batchId } = batch;
    if (outcome.kind === 'confirmed') {
      const confirmation = await this.database.transaction((tx) =>
        confirmBatch(tx, { batchId, by: outcome.by, results: outcome.results }),
      );
      this.logger.log({ msg: 'batch confirmed', batch_id: batchId, by: outcome.by, confirmation });
      return 0;
    }
    return this.database.transaction(async (tx) => {
      const held = await this.hold(tx, batch);
      if (!held) {
        this.logger.warn({
          msg: 'a batch was taken over or confirmed before its outcome was known',
          batch_id: batchId,
          outcome: outcome.kind,
        });
        return 0;
      }
      return this.apply(tx, held, batch, outcome);
    });
  }

  private async apply(
    tx: Tx,
    held: HeldBatch,
    batch: ClaimedBatch,
    outcome: Exclude<Outcome, { kind: 'confirmed' }>,
  ): Promise<number> {
    switch (outcome.kind) {
      case 'again':
        return this.tryAgain(tx, held, outcome);
      case 'later':
        return this.defer(tx, held, outcome);
      case 'released':
        return this.release(tx, held, outcome);
      case 'refused':
        return this.quarantine(tx, held, batch, outcome);
      case 'foreign':
        return this.renumber(tx, held, batch, outcome);
      case 'failed':
        return this.fail(tx, held, outcome, outcome.pause);
      case 'read_back':
        // The sender looks before it settles; what it could not look at is for a person.
        return this.fail(tx, held, {
          errorType: 'unverified_duplicate',
          message: 'The platform could not be asked about this batch',
        });
    }
  }

  private async hold(tx: Tx, { batchId, claim }: ClaimedBatch): Promise<HeldBatch | undefined> {
    const [row] = await queryRows<HeldBatch>(
      tx,
      `SELECT batch_id AS "batchId", owner, attempts, deferrals, collisions, dialogue_count AS dialogues, first_sent_at AS "firstSentAt"
       FROM export_batches WHERE batch_id = $1 AND claim = $2 AND state = 'sending' FOR UPDATE`,
      [batchId, claim],
    );
    return row;
  }

  private async tryAgain(
    tx: Tx,
    held: HeldBatch,
    outcome: Extract<Outcome, { kind: 'again' }>,
  ): Promise<number> {
    const attempts = held.attempts + 1;
    const asked = retryAfter(outcome.retryAfter, Date.now(), this.config.maxRetryAfterSeconds * 1000);
    const delay = retryDelay(this.config.retryDelaysMs, attempts, asked);
    await queryRows(tx, `UPDATE export_batches SET attempts = $2 WHERE batch_id = $1`, [
      held.batchId,
      attempts,
    ]);
    if (delay === undefined) {
      return this.fail(tx, held, {
        ...outcome,
        message: `Given up after ${String(attempts)} sends: ${outcome.message}`,
      });
    }
    await this.wait(tx, held, outcome, delay, 'retry_scheduled');
    return asked ?? 0;
  }

  private async defer(
    tx: Tx,
    held: HeldBatch,
    outcome: Extract<Outcome, { kind: 'later' }>,
  ): Promise<number> {
    const deferrals = held.deferrals + 1;
    const { maxRetryAfterSeconds, retryDelaysMs, maxDeferrals } = this.config;
    const asked = retryAfter(outcome.retryAfter, Date.now(), maxRetryAfterSeconds * 1000);
    await queryRows(tx, `UPDATE export_batches SET deferrals = $2 WHERE batch_id = $1`, [
      held.batchId,
      deferrals,
    ]);
    if (deferrals > maxDeferrals) {
      return this.fail(tx, held, {
        ...outcome,
        message: `Put off ${String(maxDeferrals)} times: ${outcome.message}`,
      });
    }
    const delay = asked ?? retryDelaysMs[0] ?? 0;
    await this.wait(tx, held, outcome, delay, 'deferred');
    // One batch in progress is that batch's affair; a rate limit is everybody's.
    return outcome.errorType === 'rate_limited' ? delay : 0;
  }

  private async wait(
    tx: Tx,
    held: HeldBatch,
    error: ExportError,
    delayMs: number,
    event: 'retry_scheduled' | 'deferred',
  ): Promise<void> {
    const [row] = await queryRows<{ due_at: Date }>(
      tx,
      `UPDATE export_batches SET state = 'waiting', due_at = now() + $2 * interval '1 millisecond', last_error_type = $3, last_error = $4
       WHERE batch_id = $1 RETURNING due_at`,
      [held.batchId, delayMs, error.errorType, error.message],
    );
    await note(tx, [
      answered(held, error),
      { event, batchId: held.batchId, detail: { due_at: row?.due_at.toISOString() } },
    ]);
  }

  private async release(
    tx: Tx,
    held: HeldBatch,
    { sent, reason }: Extract<Outcome, { kind: 'released' }>,
  ): Promise<number> {
    await queryRows(
      tx,
      `UPDATE export_batches SET state = 'waiting', due_at = now(), sends = sends - $2 WHERE batch_id = $1`,
      [held.batchId, sent ? 0 : 1],
    );
    await note(tx, [{ event: 'released', batchId: held.batchId, detail: { reason } }]);
    return 0;
  }

  private async quarantine(
    tx: Tx,
    held: HeldBatch,
    batch: ClaimedBatch,
    outcome: Extract<Outcome, { kind: 'refused' }>,
  ): Promise<number> {
    const { faults } = outcome;
    if (faults.size === 0) return this.fail(tx, held, outcome);
    await note(tx, [answered(held, outcome)]);
    await recordDialogueFailures(tx, held, outcome);
    countFailuresOnCommit(tx, outcome, faults.size, held);
    const rest = await this.places(tx, held.batchId, [...faults.keys()]);
    if (rest.length === 0) {
      await queryRows(
        tx,
        `UPDATE export_batches SET state = 'failed', settled_at = now(), last_error_type = $2, last_error = $3 WHERE batch_id = $1`,
        [held.batchId, outcome.errorType, outcome.message],
      );
      return 0;
    }
    await this.replace(tx, held, batch, rest, outcome, 0);
    return 0;
  }

  private async renumber(
    tx: Tx,
    held: HeldBatch,
    batch: ClaimedBatch,
    outcome: Extract<Outcome, { kind: 'foreign' }>,
  ): Promise<number> {
    const collisions = held.collisions + 1;
    if (collisions > MAX_COLLISIONS) {
      return this.fail(tx, held, {
        ...outcome,
        message: `${outcome.message}; so it was with ${String(collisions)} ids in a row`,
      });
    }
    await note(tx, [answered(held, outcome)]);
    await this.replace(tx, held, batch, await this.places(tx, held.batchId, []), outcome, collisions);
    return 0;
  }

  /** A new batch, with an id of its own, of what is left of this one. */
  private async replace(
    tx: Tx,
    held: HeldBatch,
    { request }: ClaimedBatch,
    places: readonly { position: number; dialogue_id: string }[],
    error: ExportError,
    collisions: number,
  ): Promise<void> {
    const dialogues = places.flatMap(({ position }) => request.dialogues[position] ?? []);
    const draft = {
      owner: held.owner,
      dialogueIds: places.map(({ dialogue_id }) => dialogue_id),
      dialogues,
      collisions,
      replaces: held.batchId,
    };
    // Whoever shares our ids probably counts seconds like us: leap, or the next id is taken too.
    const gap = collisions === 0 ? 0 : randomInt(1, collisions * LEAP_SECONDS);
    const [replacedBy] = await sealBatches(tx, request.source, [draft], gap);
    await queryRows(
      tx,
      `UPDATE export_batches SET state = 'replaced', replaced_by = $2, settled_at = now(), last_error_type = $3, last_error = $4
       WHERE batch_id = $1`,
      [held.batchId, replacedBy, error.errorType, error.message],
    );
    await note(tx, [{ event: 'replaced', batchId: held.batchId, detail: { replaced_by: replacedBy } }]);
  }

  private places(
    tx: Tx,
    batchId: string,
    without: readonly number[],
  ): Promise<{ position: number; dialogue_id: string }[]> {
    return queryRows(
      tx,
      `SELECT position, dialogue_id FROM export_batch_dialogues WHERE batch_id = $1 AND position <> ALL ($2::integer[]) ORDER BY position`,
      [batchId, [...without]],
    );
  }

  private async fail(tx: Tx, held: HeldBatch, error: ExportError, pause = false): Promise<number> {
    await note(tx, [answered(held, error)]);
    await recordBatchFailure(tx, held.batchId, error);
    if (pause) await pauseExports(tx, error.message);
    countFailuresOnCommit(tx, error, 1, held);
    onCommit(tx, () => {
      this.logger.error({
        msg: 'batch failed',
        batch_id: held.batchId,
        error_type: error.errorType,
        error: error.message,
        paused: pause,
      });
    });
    return 0;
  }
}

function answered(
  { batchId }: HeldBatch,
  { errorType, message }: ExportError,
): { event: 'answered'; batchId: string; detail: Record<string, unknown> } {
  return { event: 'answered', batchId, detail: { error_type: errorType, message } };
}

function countFailuresOnCommit(tx: Tx, { errorType }: ExportError, entries: number, held: HeldBatch): void {
  onCommit(tx, () => {
    countFailures(errorType, entries, held);
  });
}
