import type { ItemRow } from '../items/item.js';
import { fullView } from '../items/item.js';
import type { ItemContent } from '../items/item-content.js';
import type {
  ReviewDetail,
  ReviewLabel,
  ReviewView,
  RoundView,
  SlotView,
  Verdict,
} from './reviews.schemas.js';

/** A slot with its round, as the database hands it over. */
export interface SlotRow {
  readonly round: number;
  readonly slot: number;
  readonly open: boolean;
  readonly reviewer: string | null;
  readonly claimedAt: Date | null;
  readonly leaseExpiresAt: Date | null;
  readonly version: number;
  readonly verdict: Verdict | null;
  readonly label: ReviewLabel | null;
  readonly edits: ItemContent | null;
  /** Hex. */
  readonly answerHash: string | null;
  readonly note: string | null;
  readonly submittedAt: Date | null;
  readonly required: number;
  readonly roundState: RoundView['state'];
  readonly openedAt: Date;
  readonly closedAt: Date | null;
  readonly outcome: RoundView['outcome'];
  readonly resolvedBy: string | null;
  readonly roundNote: string | null;
}

/** Columns of a `SlotRow`, over `s` (review_slots) and `r` (review_rounds). */
export const SLOT_COLUMNS = `
  s.round, s.slot, s.open, s.reviewer, s.claimed_at AS "claimedAt", s.lease_expires_at AS "leaseExpiresAt", s.version,
  s.verdict, s.label, s.edits, encode(s.answer_hash, 'hex') AS "answerHash", s.comment AS note,
  s.submitted_at AS "submittedAt", r.required, r.state AS "roundState", r.opened_at AS "openedAt",
  r.closed_at AS "closedAt", r.outcome, r.resolved_by AS "resolvedBy", r.note AS "roundNote"`;

const time = (at: Date | null): string | null => at?.toISOString() ?? null;

/** Strong entity tag of a review: the item's version and the slot's, as the review is based on both. */
export function reviewEtag(item: Pick<ItemRow, 'version'>, slot: Pick<SlotRow, 'version'>): string {
  return `"${reviewVersion(item, slot)}"`;
}

/** What stands between the quotes of a review's entity tag. */
export function reviewVersion(item: Pick<ItemRow, 'version'>, slot: Pick<SlotRow, 'version'>): string {
  return `${String(item.version)}.${String(slot.version)}`;
}

/** The version of the item in an entity tag of this review, or undefined when the tag is of another state of the slot. */
export function itemVersionIn(tag: string, slot: Pick<SlotRow, 'version'>): number | undefined {
  const [, item, own] = /^(\d{1,9})\.(\d{1,9})$/.exec(tag) ?? [];
  return own === String(slot.version) ? Number(item) : undefined;
}

/** A slot as its holder sees it. */
export function reviewView(
  item: Pick<ItemRow, 'id' | 'dataset' | 'bucket' | 'version'>,
  slot: SlotRow,
): ReviewView {
  const { round, required, roundState, verdict, note } = slot;
  return {
    id: item.id,
    dataset: item.dataset,
    bucket: item.bucket,
    round,
    slot: slot.slot,
    required,
    status: slot.submittedAt ? 'submitted' : slot.open ? 'held' : 'closed',
    etag: reviewEtag(item, slot),
    assignedAt: slot.claimedAt?.toISOString() ?? '',
    leaseExpiresAt: time(slot.leaseExpiresAt),
    verdict,
    edits: slot.edits,
    note,
    submittedAt: time(slot.submittedAt),
    roundState,
  };
}

/** A slot with the item. */
export function reviewDetail(item: ItemRow, slot: SlotRow): ReviewDetail {
  return { ...reviewView(item, slot), item: fullView(item) };
}

function slotView(row: SlotRow): SlotView {
  const { slot, reviewer, verdict, label, note } = row;
  const unsubmitted = row.open ? (reviewer === null ? 'free' : 'held') : 'closed';
  return {
    slot,
    status: row.submittedAt ? 'submitted' : unsubmitted,
    reviewer,
    assignedAt: time(row.claimedAt),
    leaseExpiresAt: time(row.leaseExpiresAt),
    verdict,
    label,
    edits: row.edits,
    note,
    submittedAt: time(row.submittedAt),
  };
}

/** Rounds of the slots of one item, in the order of these. */
export function roundViews(rows: readonly SlotRow[]): RoundView[] {
  const rounds = new Map<number, SlotRow[]>();
  for (const row of rows) rounds.set(row.round, [...(rounds.get(row.round) ?? []), row]);
  return [...rounds.values()].flatMap((slots) => {
    const [first] = slots;
    if (!first) return [];
    return {
      round: first.round,
      state: first.roundState,
      required: first.required,
      openedAt: first.openedAt.toISOString(),
      closedAt: time(first.closedAt),
      outcome: first.outcome,
      resolvedBy: first.resolvedBy,
      note: first.roundNote,
      slots: slots.map(slotView),
    };
  });
}
