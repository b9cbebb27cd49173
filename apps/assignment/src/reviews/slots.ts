import { randomInt } from 'node:crypto';
import { queryRows, type Tx } from '@hornbook/database';

/** Largest value of `rnd`, the random place of an item in its pool. */
const MAX_RND = 2_147_483_647;
/** Largest priority of an item. */
const MAX_PRIORITY = 32_767;
/** Most slots of a round, see `review_rounds_required_check`. */
const MAX_SLOTS = 9;
/** Looks at one stretch of the pool; more than one only where others took what was found. */
const LOOKS = 3;

/** A slot that somebody took. */
export interface ClaimedSlot {
  readonly itemPk: string;
  readonly round: number;
  readonly slot: number;
  readonly version: number;
  readonly claimedAt: Date;
  readonly leaseExpiresAt: Date | null;
}

/** One dataset's share of a claim. */
export interface SlotClaim {
  readonly datasetId: number;
  readonly user: string;
  readonly limit: number;
  /** Minutes until a slot is given back by itself; null for never. */
  readonly leaseMinutes: number | null;
  /** Only items that carry all of these; null for any. */
  readonly tags: readonly string[] | null;
}

/** Free slots that `$2` may take: not of an item of which they have or passed on one, nor of one that they wrote. */
const FREE_FOR_CALLER = `
  s.reviewer IS NULL AND s.open
  AND NOT EXISTS (SELECT FROM review_slots o WHERE o.item_pk = s.item_pk AND o.round = s.round AND o.reviewer = $2)
  AND NOT EXISTS (SELECT FROM item_skips k WHERE k.user_id = $2 AND k.item_pk = s.item_pk)
  AND EXISTS (SELECT FROM item_states i WHERE i.item_pk = s.item_pk AND i.status IN ('draft', 'skipped')
    AND i.assigned_to IS NULL AND i.author <> $2 AND ($3::text[] IS NULL OR i.tags @> $3))`;

/*
 * Items are found without a lock, then of each one slot is locked, the first that nobody else is taking. Locking all
 * free slots of an item to choose one would, for a moment, hide the rest from reviewers who are due to get them.
 */
const claimFrom = (candidates: string): string => `
  WITH candidate AS MATERIALIZED (${candidates}), picked AS MATERIALIZED (
    SELECT free.* FROM candidate CROSS JOIN LATERAL (
      SELECT s.item_pk, s.round, s.slot FROM review_slots s
      WHERE s.item_pk = candidate.item_pk AND s.round = candidate.round AND s.reviewer IS NULL AND s.open
      ORDER BY s.slot LIMIT 1 FOR UPDATE SKIP LOCKED
    ) AS free LIMIT $4
  ), taken AS (
    UPDATE review_slots s SET reviewer = $2, claimed_at = now(), version = s.version + 1,
      lease_expires_at = now() + make_interval(mins => $5::integer),
      edits = (SELECT e.edits FROM review_events e WHERE e.item_pk = s.item_pk AND e.round = s.round AND e.reviewer = $2
        AND e.edits IS NOT NULL ORDER BY e.id DESC LIMIT 1)
    FROM picked WHERE s.item_pk = picked.item_pk AND s.round = picked.round AND s.slot = picked.slot
    RETURNING s.item_pk, s.round, s.slot, s.version, s.claimed_at, s.lease_expires_at
  ), logged AS (
    INSERT INTO review_events (item_pk, round, slot, action, reviewer, actor)
    SELECT item_pk, round, slot, 'claimed', $2, $2 FROM taken
  )
  SELECT item_pk::text AS "itemPk", round, slot, version, claimed_at AS "claimedAt", lease_expires_at AS "leaseExpiresAt"
  FROM taken`;

// Slots of one item stand side by side in the index; as many rows as there can be slots hold enough items.
const CLAIM = claimFrom(`
  SELECT DISTINCT item_pk, round FROM (
    SELECT s.item_pk, s.round FROM review_slots s
    WHERE s.dataset_id = $1 AND s.priority = $8 AND s.rnd BETWEEN $6 AND $7 AND ${FREE_FOR_CALLER}
    ORDER BY s.rnd, s.item_pk LIMIT $4 * ${String(MAX_SLOTS)}
  ) AS found`);

const NEXT_PRIORITY = `
  SELECT priority FROM review_slots
  WHERE dataset_id = $1 AND reviewer IS NULL AND open AND priority < $2::integer ORDER BY priority DESC LIMIT 1`;

const CLAIM_ONE = claimFrom(`
  SELECT DISTINCT s.item_pk, s.round FROM review_slots s WHERE s.item_pk = $1 AND ${FREE_FOR_CALLER}`);

/*
 * Makes two claims of one person take turns, so that the second knows what the first took. Held to the end of the
 * transaction; a statement of its own, as only the next one sees what was committed while it waited.
 */
async function takeTurn(tx: Tx, user: string): Promise<void> {
  await queryRows(tx, `SELECT pg_advisory_xact_lock(hashtextextended('reviewer ' || $1, 0))`, [user]);
}

/**
 * Takes free slots of a dataset for a reviewer, each of another item: by priority, and among equals from a random place
 * in the pool on and around, so that reviewers who come at once do not meet at the same items.
 * @returns fewer than asked for when there are no more that this reviewer may take
 */
export async function claimSlots(tx: Tx, claim: SlotClaim): Promise<ClaimedSlot[]> {
  const { datasetId, user, limit } = claim;
  const taken: ClaimedSlot[] = [];
  if (limit <= 0) return taken;
  await takeTurn(tx, user);
  const start = randomInt(MAX_RND);
  for (let priority = MAX_PRIORITY + 1; taken.length < limit;) {
    const [next] = await queryRows<{ priority: number }>(tx, NEXT_PRIORITY, [datasetId, priority]);
    if (!next) break;
    ({ priority } = next);
    taken.push(
      ...(await claimBetween(tx, claim, { priority, from: start, to: MAX_RND }, limit - taken.length)),
    );
    taken.push(
      ...(await claimBetween(tx, claim, { priority, from: 0, to: start - 1 }, limit - taken.length)),
    );
  }
  return taken;
}

async function claimBetween(
  tx: Tx,
  { datasetId, user, leaseMinutes, tags }: SlotClaim,
  { priority, from, to }: { readonly priority: number; readonly from: number; readonly to: number },
  limit: number,
): Promise<ClaimedSlot[]> {
  const taken: ClaimedSlot[] = [];
  for (let look = 0; look < LOOKS && taken.length < limit; look++) {
    const parameters = [datasetId, user, tags, limit - taken.length, leaseMinutes, from, to, priority];
    const slots = await queryRows<ClaimedSlot>(tx, CLAIM, parameters);
    if (slots.length === 0) break;
    taken.push(...slots);
  }
  return taken;
}

/** Takes a free slot of one item. @returns undefined when there is none that this reviewer may take */
export async function claimSlotOf(
  tx: Tx,
  itemPk: string,
  user: string,
  leaseMinutes: number | null,
): Promise<ClaimedSlot | undefined> {
  await takeTurn(tx, user);
  const [slot] = await queryRows<ClaimedSlot>(tx, CLAIM_ONE, [itemPk, user, null, 1, leaseMinutes]);
  return slot;
}

/** A slot that somebody held and holds no longer. */
export interface FreedSlot {
  readonly itemPk: string;
  readonly round: number;
  readonly slot: number;
  readonly reviewer: string;
}

/** Why slots are given back: by the holder, by a manager, because the lease ran out, or to be passed on. */
export type ReleaseAction = 'released' | 'expired' | 'skipped';

/** Held slots become free; what their holders had written so far goes to the history, and back to them if they return. */
const freeing = (held: string): string => `
  WITH held AS MATERIALIZED (
    SELECT item_pk, round, slot, reviewer, edits FROM review_slots
    WHERE reviewer IS NOT NULL AND submitted_at IS NULL AND open AND ${held}
  ), freed AS (
    UPDATE review_slots s SET reviewer = NULL, claimed_at = NULL, lease_expires_at = NULL, edits = NULL, comment = NULL,
      version = s.version + 1
    FROM held WHERE s.item_pk = held.item_pk AND s.round = held.round AND s.slot = held.slot
  ), logged AS (
    INSERT INTO review_events (item_pk, round, slot, action, reviewer, actor, reason, edits)
    SELECT item_pk, round, slot, $1, reviewer, coalesce($2, reviewer), $3, edits FROM held
  )
  SELECT item_pk::text AS "itemPk", round, slot, reviewer FROM held`;

const RELEASE = freeing(`($4::text IS NULL OR reviewer = $4) AND ($5::bigint[] IS NULL OR item_pk = ANY ($5))
    ORDER BY item_pk, round, slot FOR UPDATE`);
const EXPIRE = freeing(`lease_expires_at < now() ORDER BY lease_expires_at LIMIT $4 FOR UPDATE SKIP LOCKED`);

/** Gives back held slots of a reviewer, of some items, or of both. */
export async function releaseSlots(
  tx: Tx,
  which:
    | { readonly reviewer: string; readonly itemPks?: readonly string[] }
    | { readonly reviewer?: string; readonly itemPks: readonly string[] },
  by: { readonly actor: string; readonly action: ReleaseAction; readonly reason?: string | null },
): Promise<FreedSlot[]> {
  const parameters = [by.action, by.actor, by.reason ?? null, which.reviewer ?? null, which.itemPks ?? null];
  return queryRows<FreedSlot>(tx, RELEASE, parameters);
}

/** Gives back slots whose lease has run out; at most `limit`, those that nobody else is working at. */
export async function releaseExpiredSlots(tx: Tx, limit: number, actor = 'system'): Promise<FreedSlot[]> {
  return queryRows<FreedSlot>(tx, EXPIRE, ['expired', actor, null, limit]);
}

const TRANSFER = `
  WITH held AS MATERIALIZED (
    SELECT s.item_pk, s.round, s.slot, s.edits FROM review_slots s JOIN item_states i ON i.item_pk = s.item_pk
    WHERE s.reviewer = $1 AND s.submitted_at IS NULL AND s.open AND i.author <> $2
      AND NOT EXISTS (SELECT FROM review_slots o WHERE o.item_pk = s.item_pk AND o.round = s.round AND o.reviewer = $2)
    ORDER BY s.item_pk, s.round, s.slot FOR UPDATE OF s
  ), moved AS (
    UPDATE review_slots s SET reviewer = $2, claimed_at = now(), edits = NULL, comment = NULL, version = s.version + 1
    FROM held WHERE s.item_pk = held.item_pk AND s.round = held.round AND s.slot = held.slot
  ), logged AS (
    INSERT INTO review_events (item_pk, round, slot, action, reviewer, actor, reason, edits)
    SELECT item_pk, round, slot, 'transferred', $1, $3, $4, edits FROM held
  )
  SELECT item_pk::text AS "itemPk", round, slot, $1::text AS reviewer FROM held`;

/**
 * Hands all slots that one reviewer holds to another; those that the other may not have, being author or reviewer of
 * the item already, go back to the pool. Reviews are blind: what the first had written is not handed on.
 */
export async function transferSlots(
  tx: Tx,
  { from, to, actor, reason = null }: { from: string; to: string; actor: string; reason?: string | null },
): Promise<{ moved: FreedSlot[]; released: FreedSlot[] }> {
  await takeTurn(tx, to);
  const moved = await queryRows<FreedSlot>(tx, TRANSFER, [from, to, actor, reason]);
  const released = await releaseSlots(tx, { reviewer: from }, { actor, action: 'released', reason });
  return { moved, released };
}

export { reconcileDataset, reconcileRounds } from './rounds.js';
