import { ProblemError } from '@hornbook/service-kit';
import type { ItemRow } from '../items/item.js';
import { reviewEtag, type SlotRow } from './slot-row.js';

/** 403 `ASSIGNMENT_OWNERSHIP`: the caller has no slot of this item. */
export class NoSlotError extends ProblemError {
  constructor(item: ItemRow) {
    const detail =
      item.requiredReviews > 1
        ? `You have no slot of item ${item.id}: claim one first`
        : `Item ${item.id} belongs to a dataset with one reviewer an item and has no slots: change it by PUT /v1/assignments/{dataset}/{bucket}/{item_id}`;
    super('ASSIGNMENT_OWNERSHIP', { detail });
  }
}

/** Why an item has no slot for somebody. */
export type NoFreeSlotReason = 'IS_AUTHOR' | 'ALREADY_REVIEWED' | 'SKIPPED' | 'NOT_OPEN' | 'ALL_TAKEN';

const why: Readonly<Record<NoFreeSlotReason, string>> = {
  IS_AUTHOR: 'its author may not review it',
  ALREADY_REVIEWED: 'you have reviewed it',
  SKIPPED: 'you have passed it on',
  NOT_OPEN: 'it is not under review by several reviewers',
  ALL_TAKEN: 'all its slots are taken',
};

/** 409 `ALREADY_ASSIGNED` with a reason: there is no slot of this item for the caller. */
export class NoFreeSlotError extends ProblemError {
  constructor(item: ItemRow, reason: NoFreeSlotReason) {
    super('ALREADY_ASSIGNED', {
      detail: `Item ${item.id} has no slot for you: ${why[reason]}`,
      members: { reason },
    });
  }
}

/** 409 `INVALID_TRANSITION`: the review is in, or its round is over. */
export class ReviewClosedError extends ProblemError {
  constructor(item: ItemRow, slot: SlotRow) {
    const detail =
      slot.submittedAt === null
        ? `The round of item ${item.id} is over: the item is ${item.status}`
        : `Your review of item ${item.id} is in and cannot be changed`;
    super('INVALID_TRANSITION', {
      detail,
      members: { currentStatus: item.status, roundState: slot.roundState },
    });
  }
}

/** 412 with the review's current version, and who last changed the item under it. */
export class StaleReviewError extends ProblemError {
  constructor(item: ItemRow, slot: SlotRow) {
    const etag = reviewEtag(item, slot);
    super('precondition_failed', {
      detail: `Item ${item.id} or your review of it was changed meanwhile; read it again`,
      members: {
        current: {
          etag,
          version: item.version,
          status: item.status,
          updatedBy: item.updatedBy,
          updatedAt: item.updatedAt.toISOString(),
        },
      },
      headers: { etag },
    });
  }
}

/** 409 `INVALID_TRANSITION`: there is nothing to adjudicate. */
export class NotDisputedError extends ProblemError {
  constructor(item: ItemRow) {
    super('INVALID_TRANSITION', {
      detail: `Item ${item.id} is ${item.status} and does not wait for adjudication`,
      members: { currentStatus: item.status },
    });
  }
}

/** 403: whoever wrote or reviewed an item does not judge the reviews of it; an admin may. */
export class PartisanError extends ProblemError {
  constructor(item: ItemRow) {
    super('forbidden', {
      detail: `You wrote or reviewed item ${item.id}; another curator or an admin has to adjudicate it`,
    });
  }
}
