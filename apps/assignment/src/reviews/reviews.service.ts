import { GroundTruthDisputed, GroundTruthReviewed, type Identity } from '@hornbook/contracts';
import { Database, type Tx } from '@hornbook/database';
import { Outbox } from '@hornbook/messaging';
import { Injectable } from '@nestjs/common';
import { refuseStar } from '../assignments/decide.js';
import { isMet, readIfMatch, type Precondition } from '../items/etag.js';
import { missingForApproval, withEdits, type ItemContent } from '../items/item-content.js';
import { lockItem, type ItemAddress } from '../items/item-states.js';
import type { ItemRow } from '../items/item.js';
import { InvalidApprovalError, ItemNotFoundError, PreconditionRequiredError } from '../items/items.errors.js';
import { Transitions } from '../items/transitions.js';
import { canonicalJson } from '../snapshots/canonical-json.js';
import { exclusiveGroups } from '../tags/exclusive-groups.js';
import { answerOf, refuseUnsound, type Answer } from './answer.js';
import { readPageKey, timePage } from './page-key.js';
import { parseBody } from './parse-body.js';
import {
  NoFreeSlotError,
  NoSlotError,
  ReviewClosedError,
  StaleReviewError,
  type NoFreeSlotReason,
} from './reviews.errors.js';
import { ReviewsRepository, type SlotKey } from './reviews.repository.js';
import {
  reviewBodySchema,
  type ReleasedReview,
  type ReviewBody,
  type ReviewDetail,
  type ReviewPage,
  type Verdict,
} from './reviews.schemas.js';
import { itemVersionIn, reviewDetail, reviewVersion, reviewView, type SlotRow } from './slot-row.js';
import { publishSlotsAssigned, publishSlotsReleased } from './slot-events.js';
import { claimSlotOf, releaseSlots } from './slots.js';

interface Held {
  readonly item: ItemRow;
  readonly slot: SlotRow;
}

/** What a caller sends with a review. */
export interface Submission {
  readonly body: unknown;
  readonly ifMatch: string | undefined;
}

/**
 * Reviews of items that several people review, each without seeing the others'. The item's row is locked first, always,
 * so of two reviews that come at once one is the last, and it settles the round.
 */
@Injectable()
export class ReviewsService {
  constructor(
    private readonly database: Database,
    private readonly reviews: ReviewsRepository,
    private readonly transitions: Transitions,
    private readonly outbox: Outbox,
  ) {}

  /** Slots that the caller holds, oldest first. */
  async mine(
    { owner }: Identity,
    { limit, cursor }: { limit: number; cursor?: string | undefined },
  ): Promise<ReviewPage> {
    const found = await this.reviews.mine(owner, readPageKey(cursor), limit + 1);
    const { rows, nextCursor } = timePage(found, limit);
    return { items: rows.map((row) => reviewView({ ...row, version: row.itemVersion }, row)), nextCursor };
  }

  /** The caller's review of an item. @throws ItemNotFoundError, NoSlotError */
  async get(address: ItemAddress, { owner }: Identity): Promise<ReviewDetail> {
    const { item, slot } = await this.database.transaction((tx) => this.own(tx, address, owner));
    return reviewDetail(item, slot);
  }

  /**
   * Takes a slot of one item; whoever holds one keeps it.
   * @throws ItemNotFoundError, NoFreeSlotError
   */
  async claim(address: ItemAddress, { owner, sub }: Identity): Promise<ReviewDetail> {
    return this.database.transaction(async (tx) => {
      const item = await lockItem(tx, address);
      if (!item) throw new ItemNotFoundError(address.dataset, address.id);
      const before = await this.reviews.slotOf(tx, item.pk, owner);
      if (before?.open && before.submittedAt === null) return reviewDetail(item, before);
      const lease = await this.reviews.leaseMinutes(tx, item.datasetId);
      const claimed = await claimSlotOf(tx, item.pk, owner, lease);
      if (!claimed) throw new NoFreeSlotError(item, await this.whyNone(tx, item, owner, before));
      const slot = await this.reviews.slotOf(tx, item.pk, owner);
      if (!slot) throw new Error('a slot that was taken is gone');
      await publishSlotsAssigned(this.outbox, tx, [claimed], { user: owner, actor: sub });
      return reviewDetail(item, slot);
    });
  }

  /**
   * Saves or submits a review; the last one of a round settles it. Refusals in the order 404, 403, 400, 409, 428, 412.
   * The same review sent again after a lost answer changes nothing.
   */
  async review(
    address: ItemAddress,
    caller: Identity,
    { body, ifMatch }: Submission,
  ): Promise<ReviewDetail | ReleasedReview> {
    return this.database.transaction(async (tx) => {
      const held = await this.own(tx, address, caller.owner);
      const { item, slot } = held;
      const review = parseBody(reviewBodySchema, body);
      const edits = { ...slot.edits, ...review.edits };
      const answer = this.answer(item, review, edits, await exclusiveGroups(tx));
      const precondition = readIfMatch(ifMatch);
      refuseStar(precondition, caller);
      if (slot.submittedAt !== null && slot.verdict === review.verdict && changesNothing(slot, review)) {
        return reviewDetail(item, slot);
      }
      if (slot.submittedAt !== null || !slot.open) throw new ReviewClosedError(item, slot);
      if (precondition.kind === 'none') throw new PreconditionRequiredError();
      if (!(await this.isCurrent(tx, held, precondition))) {
        if (review.verdict === undefined && changesNothing(slot, review)) return reviewDetail(item, slot);
        throw new StaleReviewError(item, slot);
      }
      if (review.verdict === 'skipped') return this.skip(tx, held, caller, review.reason ?? null);
      const key: SlotKey = { itemPk: item.pk, round: slot.round, slot: slot.slot };
      const draft = { edits, note: review.note ?? slot.note, actor: caller.sub };
      if (review.verdict === undefined || answer === undefined) {
        return reviewDetail(item, await this.reviews.save(tx, key, draft));
      }
      const submitted = await this.reviews.submit(tx, key, { ...draft, verdict: review.verdict, answer });
      return this.settle(tx, item, submitted, answer, caller);
    });
  }

  /** Gives a slot back to the pool; what was written is there again when the same person takes one of the item. */
  async release(address: ItemAddress, caller: Identity): Promise<ReleasedReview> {
    return this.database.transaction(async (tx) => {
      const { item, slot } = await this.own(tx, address, caller.owner);
      if (slot.submittedAt !== null || !slot.open) throw new ReviewClosedError(item, slot);
      const which = { reviewer: caller.owner, itemPks: [item.pk] };
      const freed = await releaseSlots(tx, which, { actor: caller.sub, action: 'released' });
      await publishSlotsReleased(this.outbox, tx, freed, { reason: 'user', actor: caller.sub });
      return released(item, slot, 'released');
    });
  }

  private async own(tx: Tx, address: ItemAddress, reviewer: string): Promise<Held> {
    const item = await lockItem(tx, address);
    if (!item) throw new ItemNotFoundError(address.dataset, address.id);
    const slot = await this.reviews.slotOf(tx, item.pk, reviewer);
    if (!slot) throw new NoSlotError(item);
    return { item, slot };
  }

  /** Whether a review is based on the item as it is: what others did to it meanwhile counts only if its content changed. */
  private async isCurrent(tx: Tx, { item, slot }: Held, precondition: Precondition): Promise<boolean> {
    if (isMet(precondition, reviewVersion(item, slot))) return true;
    if (precondition.kind !== 'tags') return false;
    for (const tag of precondition.tags) {
      const version = itemVersionIn(tag, slot);
      if (version !== undefined && version <= item.version) {
        return !(await this.reviews.isEditedSince(tx, item.pk, version));
      }
    }
    return false;
  }

  private answer(
    item: ItemRow,
    { verdict }: ReviewBody,
    edits: ItemContent,
    exclusive: ReadonlySet<string>,
  ): Answer | undefined {
    refuseUnsound(withEdits(item.content, edits), exclusive);
    if (verdict === undefined || verdict === 'skipped') return undefined;
    const answer = answerOf(verdict, item.content, edits);
    const missing = verdict === 'approved' ? missingForApproval(answer.content) : [];
    if (missing.length > 0) throw new InvalidApprovalError(item, missing);
    return answer;
  }

  private async skip(
    tx: Tx,
    { item, slot }: Held,
    { owner, sub }: Identity,
    reason: string | null,
  ): Promise<ReleasedReview> {
    await releaseSlots(
      tx,
      { reviewer: owner, itemPks: [item.pk] },
      { actor: sub, action: 'skipped', reason },
    );
    await this.reviews.logSkip(tx, item.pk, owner, reason);
    // The item stays where it is; that it was skipped once more stands in its history, and flags it in the end.
    await this.transitions.apply(tx, { action: 'skipped', actor: sub, user: owner, reason }, [{ item }]);
    return released(item, slot, 'skipped');
  }

  /** Tells of a review, and ends the round when it was the last one. */
  private async settle(
    tx: Tx,
    item: ItemRow,
    submitted: SlotRow,
    answer: Answer,
    caller: Identity,
  ): Promise<ReviewDetail> {
    const { round, slot, required } = submitted;
    const slots = await this.reviews.slots(tx, [item.pk], round);
    const filled = slots.filter(({ submittedAt }) => submittedAt !== null);
    const verdict = submitted.verdict ?? 'approved';
    const { dataset, id, bucket } = item;
    const submittedAt = (submitted.submittedAt ?? new Date()).toISOString();
    await this.outbox.publish(tx, GroundTruthReviewed, {
      key: `${dataset}/${id}`,
      data: {
        ...{ dataset, id, bucket, round, slot, verdict, reviewer: caller.owner },
        ...{ submitted: filled.length, required, submittedAt },
      },
    });
    if (filled.length < required) return reviewDetail(item, submitted);
    const agreed = new Set(filled.map(({ answerHash }) => answerHash)).size === 1;
    if (agreed) return this.agree(tx, item, submitted, { verdict, answer, caller });
    await this.reviews.resolve(
      tx,
      { itemPk: item.pk, round },
      { state: 'disputed', outcome: null, by: null },
    );
    const count = (label: SlotRow['label']): number =>
      filled.filter((review) => review.label === label).length;
    await this.outbox.publish(tx, GroundTruthDisputed, {
      key: `${dataset}/${id}`,
      data: {
        ...{ dataset, id, bucket, round, disputedAt: submittedAt },
        verdicts: { approved: count('approved'), edited: count('edited'), deleted: count('deleted') },
      },
    });
    return reviewDetail(item, { ...submitted, roundState: 'disputed' });
  }

  private async agree(
    tx: Tx,
    item: ItemRow,
    submitted: SlotRow,
    { verdict, answer, caller }: { verdict: Verdict; answer: Answer; caller: Identity },
  ): Promise<ReviewDetail> {
    const end = { state: 'agreed', outcome: verdict, by: null } as const;
    await this.reviews.resolve(tx, { itemPk: item.pk, round: submitted.round }, end);
    const change = {
      action: verdict,
      status: verdict,
      actor: caller.sub,
      user: caller.owner,
      reason: 'agreement',
    };
    const target = answer.label === 'edited' ? { item, content: answer.content } : { item };
    const [settled] = await this.transitions.apply(tx, change, [target]);
    return reviewDetail(settled ?? item, { ...submitted, roundState: 'agreed', outcome: verdict });
  }

  private async whyNone(
    tx: Tx,
    item: ItemRow,
    owner: string,
    before: SlotRow | undefined,
  ): Promise<NoFreeSlotReason> {
    const slots = await this.reviews.slots(tx, [item.pk]);
    const isOpen = slots[0]?.roundState === 'open';
    if (!isOpen) return 'NOT_OPEN';
    if (item.author === owner) return 'IS_AUTHOR';
    if (before?.round === slots[0]?.round) return 'ALREADY_REVIEWED';
    return (await this.reviews.hasSkipped(tx, item.pk, owner)) ? 'SKIPPED' : 'ALL_TAKEN';
  }
}

/** Whether what is sent is there already: it was sent before, and its answer got lost. */
function changesNothing(slot: SlotRow, { edits, note }: ReviewBody): boolean {
  const before = slot.edits ?? {};
  const sameEdits = canonicalJson({ ...before, ...edits }) === canonicalJson(before);
  return sameEdits && (note === undefined || note === slot.note);
}

function released(item: ItemRow, { round, slot }: SlotRow, status: ReleasedReview['status']): ReleasedReview {
  const { id, dataset, bucket } = item;
  return { id, dataset, bucket, round, slot, status };
}
