import { DIALOGUE_REVIEW_DATASET } from '@hornbook/contracts';
import { onCommit, queryRows, type Tx } from '@hornbook/database';
import { Injectable, Logger } from '@nestjs/common';
import { z } from 'zod';
import { ExportSchedule } from '../batches/export-schedule.js';
import { note, type HistoryEvent } from '../batches/history.js';
import type { SyncStatus } from '../dialogues/dialogues.schemas.js';
import { closeFailureByReview, recordReviewFailure } from '../failures/record-failures.js';
import { countFailures } from '../metrics.js';
import { effectOf, type Decision, type Effect, type Standing } from './effect-of.js';
import type { ReviewState } from './review-states.js';

/**
 * Prefetch of the consumers of this news. Messages in hand together share a transaction; those of three consumers
 * would each hold the locks of many dialogues, in no common order, and wait for each other in circles.
 */
export const ONE_AT_A_TIME = 1;

/** News of a ground truth, as its events bring it. */
export interface ReviewNews {
  readonly dataset: string;
  readonly id: string;
  readonly version: number;
  readonly changedBy: string;
  readonly changedAt: string;
  readonly reason?: string | null;
  /** The payload as approved; kept with the failure when it breaks the rules. */
  readonly payload?: unknown;
}

interface HeldDialogue extends Standing {
  readonly dialogueId: string;
  readonly batchId: string | null;
  readonly contentHash: string;
}

const eventOf: Record<Decision['kind'], HistoryEvent> = {
  approved: 'review_approved',
  deleted: 'review_withdrawn',
  reopened: 'review_reopened',
};
const resolutionOf = { approved: 'approved', deleted: 'withdrawn', reopened: 'reopened' } as const;
const statusAfter: Record<Exclude<Effect, 'stale' | 'late'>, SyncStatus> = {
  release: 'ready',
  refuse: 'failed',
  withdraw: 'withdrawn',
  hold: 'awaiting_review',
};
const isUuid = (id: string): boolean => z.guid().safeParse(id).success;

/**
 * Brings what reviewers decided to the dialogues that wait for it. Whatever the order and however often news comes,
 * the highest version has the last word; and what is in a batch is never touched, as its bytes are written.
 */
@Injectable()
export class ReviewDecisions {
  private readonly logger = new Logger(ReviewDecisions.name);

  constructor(private readonly schedule: ExportSchedule) {}

  /** Applies a decision in `tx`. Ground truths that are no dialogue of ours under review are none of our business. */
  async apply(tx: Tx, news: ReviewNews, decision: Decision): Promise<void> {
    if (news.dataset !== DIALOGUE_REVIEW_DATASET || !isUuid(news.id)) return;
    const held = await this.hold(tx, news.id);
    if (!held) return;
    const effect = effectOf(decision, news.version, held);
    this.logger.debug({
      msg: 'news of a review',
      dialogue_id: held.dialogueId,
      decision: decision.kind,
      version: news.version,
      effect,
    });
    if (effect === 'stale') return;
    await this.record(tx, held, news, decision, effect);
    if (effect === 'late') return;
    if (held.status === 'failed')
      await closeFailureByReview(tx, held, resolutionOf[decision.kind], news.changedBy);
    await queryRows(
      tx,
      `UPDATE sync_status SET status = $2, batch_id = NULL, updated_at = now() WHERE dialogue_id = $1`,
      [held.dialogueId, statusAfter[effect]],
    );
    if (effect === 'release') {
      onCommit(tx, () => {
        this.schedule.ring();
      });
    }
    if (decision.kind === 'approved' && decision.content.kind === 'unsound') {
      const message = decision.content.reason;
      await recordReviewFailure(tx, held.dialogueId, message, news.payload);
      onCommit(tx, () => {
        countFailures('invalid_review_edits', 1, { firstSentAt: null, dialogues: 1 });
      });
    }
  }

  /** Locks a dialogue under review. Whoever changes its review holds its standing, so one lock does for both. */
  private async hold(tx: Tx, id: string): Promise<HeldDialogue | undefined> {
    const [locked] = await queryRows<Pick<HeldDialogue, 'dialogueId' | 'status' | 'batchId'>>(
      tx,
      `SELECT dialogue_id AS "dialogueId", status, batch_id AS "batchId" FROM sync_status
       WHERE dialogue_id = $1 AND EXISTS (SELECT FROM dialogue_reviews WHERE dialogue_id = $1) FOR UPDATE`,
      [id],
    );
    if (!locked) return undefined;
    // A statement of its own: it sees what was committed while the first one waited for the lock.
    const [review] = await queryRows<Omit<HeldDialogue, keyof typeof locked>>(
      tx,
      `SELECT r.ground_truth_version AS version, d.content_hash AS "contentHash", $3::boolean AND EXISTS (
         SELECT FROM export_failures WHERE batch_id = $2 AND whole_batch AND resolved_at IS NULL
       ) AS "inFailedBatch"
       FROM dialogue_reviews r JOIN generated_dialogues d ON d.id = r.dialogue_id WHERE r.dialogue_id = $1`,
      [id, locked.batchId, locked.status === 'failed'],
    );
    return review && { ...locked, ...review };
  }

  private async record(
    tx: Tx,
    held: HeldDialogue,
    { version, changedBy, changedAt, reason }: ReviewNews,
    decision: Decision,
    effect: Effect,
  ): Promise<void> {
    const content = decision.kind === 'approved' ? decision.content : undefined;
    const late = effect === 'late';
    await queryRows(
      tx,
      `UPDATE dialogue_reviews SET state = $2, ground_truth_version = $3, late = $4, reason = $5, decided_by = $6,
         decided_at = $7, content = coalesce($8, content)
       WHERE dialogue_id = $1`,
      [
        held.dialogueId,
        stateAfter(decision),
        version,
        late,
        content?.kind === 'unsound' ? content.reason : (reason ?? null),
        changedBy,
        changedAt,
        content?.kind === 'sound' ? JSON.stringify(content.dialogue) : null,
      ],
    );
    const detail = {
      version,
      by: changedBy,
      ...(reason == null ? {} : { reason }),
      ...(content?.kind === 'sound' ? { edited: content.hash !== held.contentHash } : {}),
      ...(late ? { late } : {}),
    };
    await note(tx, [{ event: eventOf[decision.kind], dialogueId: held.dialogueId, detail }]);
  }
}

function stateAfter(decision: Decision): ReviewState {
  switch (decision.kind) {
    case 'approved':
      return decision.content.kind === 'sound' ? 'approved' : 'invalid';
    case 'deleted':
      return 'withdrawn';
    case 'reopened':
      return 'awaiting';
  }
}
