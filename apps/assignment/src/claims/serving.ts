import type { Identity } from '@hornbook/contracts';
import type { Tx } from '@hornbook/database';
import { Outbox } from '@hornbook/messaging';
import { Injectable } from '@nestjs/common';
import { AssignmentConfig } from '../config.js';
import { etagOf } from '../items/etag.js';
import { slimView } from '../items/item.js';
import { readByPk } from '../items/item-states.js';
import { Transitions } from '../items/transitions.js';
import { releaseExpired } from '../leases/release-expired.js';
import { publishSlotsAssigned } from '../reviews/slot-events.js';
import { claimSlots } from '../reviews/slots.js';
import type { SelfServeAnswer, SelfServeRequest, SlimItem } from './claims.schemas.js';
import { countTagged, hasSkipped, poolsFor, roomOf, selectPools, takeTurn, type Pool } from './pools.js';
import { quotas } from './quota.js';

/** Times a claim goes round the datasets; more than one where others emptied what was counted on. */
const ROUNDS = 4;

type Shortfall = SelfServeAnswer['shortfall'];

/** Somebody's request for work. */
export interface Asked {
  readonly request: SelfServeRequest;
  readonly caller: Identity;
}

/** What the user may have, as it was counted. */
export interface Prospect {
  /** The datasets that the request narrows to. */
  readonly pools: readonly Pool[];
  /** Items in the user's hands. */
  readonly open: number;
  /** Items to hand out, if there are so many and the user may have them. */
  readonly wanted: number;
  /** Most that the user's cap leaves. */
  readonly room: number;
}

/** What is known when fewer came than were asked for. */
interface Shortage {
  /** Whether the user may hold no more. */
  readonly isFull: boolean;
  readonly remaining: number;
  readonly pools: readonly Pool[];
  readonly tags: readonly string[] | undefined;
}

/** Hands out work to one user, in an open transaction. */
@Injectable()
export class Serving {
  constructor(
    private readonly transitions: Transitions,
    private readonly outbox: Outbox,
    private readonly config: AssignmentConfig,
  ) {}

  /** @throws ValidationError for an unknown dataset */
  async serve(tx: Tx, asked: Asked): Promise<SelfServeAnswer> {
    const prospect = await this.look(tx, asked);
    const { pools, wanted, room } = prospect;
    return this.answer(tx, asked, prospect, await this.fill(tx, asked, pools, Math.min(wanted, room)));
  }

  /** Goes on for a user who was given some of what they want. */
  async complete(
    tx: Tx,
    asked: Asked,
    prospect: Prospect,
    assigned: readonly SlimItem[],
  ): Promise<SelfServeAnswer> {
    const missing = prospect.wanted - assigned.length;
    if (missing <= 0) return this.answer(tx, asked, prospect, assigned);
    const { request, caller } = asked;
    const pools = selectPools(await poolsFor(tx, caller.owner, request.datasets), request.datasets);
    return this.answer(tx, asked, prospect, [...assigned, ...(await this.fill(tx, asked, pools, missing))]);
  }

  private async look(tx: Tx, { request, caller }: Asked): Promise<Prospect> {
    const { limit, mode, datasets } = request;
    const { userOpenLimit } = this.config;
    let all = await poolsFor(tx, caller.owner, datasets);
    let pools = selectPools(all, datasets);
    if (mode === 'topUp' || userOpenLimit > 0 || pools.some(({ perUserCap }) => perUserCap !== null)) {
      await takeTurn(tx, caller.owner);
      all = await poolsFor(tx, caller.owner, datasets);
      pools = selectPools(all, datasets);
    }
    const open = all.reduce((sum, { held }) => sum + held, 0);
    const wanted = mode === 'topUp' ? Math.max(0, limit - open) : limit;
    return { pools, open, wanted, room: userOpenLimit > 0 ? Math.max(0, userOpenLimit - open) : wanted };
  }

  private async answer(
    tx: Tx,
    { request: { limit, datasets, tags }, caller }: Asked,
    { pools: counted, open, wanted, room }: Prospect,
    assigned: readonly SlimItem[],
  ): Promise<SelfServeAnswer> {
    const isShort = assigned.length < wanted;
    // Counted anew: others may have taken what was counted on, and why fewer came has to be true.
    const pools = isShort ? selectPools(await poolsFor(tx, caller.owner, datasets), datasets) : counted;
    const remaining = await this.remaining(tx, pools, isShort ? 0 : assigned.length, tags);
    return {
      assigned: [...assigned],
      requested: limit,
      assignedCount: assigned.length,
      shortfall: isShort
        ? await this.whyFewer(tx, { isFull: assigned.length >= room, remaining, pools, tags }, caller)
        : null,
      openCount: open + assigned.length,
      remaining,
    };
  }

  private async whyFewer(
    tx: Tx,
    { isFull, remaining, pools, tags }: Shortage,
    { owner }: Identity,
  ): Promise<Shortfall> {
    if (isFull) return 'USER_LIMIT';
    if (remaining === 0) return 'SUPPLY_EXHAUSTED';
    if (pools.some((pool) => pool.pooled > 0 && roomOf(pool) === 0)) return 'DATASET_LIMIT';
    const ids = pools.map(({ id }) => id);
    const passedOn =
      pools.some(({ pooled, requiredReviews }) => pooled > 0 && requiredReviews > 1) ||
      (await hasSkipped(tx, owner, ids, tags ?? null));
    return passedOn ? 'SKIPPED_BY_YOU' : 'TAKEN_MEANWHILE';
  }

  /** Takes `wanted` items, by the datasets' weights; what one dataset cannot give the others do. */
  private async fill(tx: Tx, asked: Asked, pools: readonly Pool[], wanted: number): Promise<SlimItem[]> {
    const taken: SlimItem[] = [];
    const room = new Map(pools.map((pool) => [pool.id, Math.min(pool.pooled, roomOf(pool))]));
    for (let round = 0; round < ROUNDS && taken.length < wanted; round++) {
      const shares = pools.map((pool) => ({
        weight: Math.max(pool.weight, 1),
        available: room.get(pool.id) ?? 0,
      }));
      const parts = quotas(wanted - taken.length, shares);
      const shared = pools.flatMap((pool, place) => (parts[place] ? [{ pool, most: parts[place] }] : []));
      if (shared.length === 0) {
        // Nothing counted as free: leases may have run out that nobody has swept up yet.
        if (round > 0 || !(await this.sweep(tx, pools, room))) break;
        continue;
      }
      const got = await this.take(tx, shared, asked);
      for (const { pool, most } of shared) {
        const own = got.filter(({ dataset }) => dataset === pool.name).length;
        // Who gave less than asked has no more for this caller.
        room.set(pool.id, own < most ? 0 : (room.get(pool.id) ?? 0) - own);
      }
      taken.push(...got);
    }
    return taken;
  }

  private async take(
    tx: Tx,
    shares: readonly { pool: Pool; most: number }[],
    { request, caller }: Asked,
  ): Promise<SlimItem[]> {
    const tags = request.tags ?? null;
    const single = shares.filter(({ pool }) => pool.requiredReviews === 1);
    const items: SlimItem[] = [];
    if (single.length > 0) {
      const parts = single.map(({ pool, most }) => ({ datasetId: pool.id, most }));
      const claim = { parts, user: caller.owner, actor: caller.sub };
      const [claimed = []] = await this.transitions.claim(tx, [claim], { tags });
      items.push(...claimed.map(slimView));
    }
    for (const { pool, most } of shares) {
      if (pool.requiredReviews > 1) items.push(...(await this.takeSlots(tx, pool, most, tags, caller)));
    }
    return items;
  }

  private async takeSlots(
    tx: Tx,
    { id, leaseMinutes }: Pool,
    limit: number,
    tags: readonly string[] | null,
    caller: Identity,
  ): Promise<SlimItem[]> {
    const slots = await claimSlots(tx, { datasetId: id, user: caller.owner, limit, leaseMinutes, tags });
    await publishSlotsAssigned(this.outbox, tx, slots, { user: caller.owner, actor: caller.sub });
    const items = new Map(
      (
        await readByPk(
          tx,
          slots.map(({ itemPk }) => itemPk),
        )
      ).map((item) => [item.pk, item]),
    );
    return slots.flatMap((slot) => {
      const item = items.get(slot.itemPk);
      if (!item) return [];
      return {
        ...slimView(item),
        etag: etagOf(`${String(item.version)}.${String(slot.version)}`),
        assignedTo: caller.owner,
        assignedAt: slot.claimedAt.toISOString(),
        leaseExpiresAt: slot.leaseExpiresAt?.toISOString() ?? null,
        slot: slot.slot,
      };
    });
  }

  private async sweep(tx: Tx, pools: readonly Pool[], room: Map<number, number>): Promise<boolean> {
    const leased = pools.filter(
      ({ leaseMinutes, requiredReviews }) => leaseMinutes !== null && requiredReviews === 1,
    );
    if (leased.length === 0) return false;
    const freed = await releaseExpired(
      tx,
      this.transitions,
      leased.map(({ id }) => id),
    );
    for (const pool of leased) room.set(pool.id, Math.min(freed, roomOf(pool)));
    return freed > 0;
  }

  private async remaining(
    tx: Tx,
    pools: readonly Pool[],
    taken: number,
    tags: readonly string[] | undefined,
  ): Promise<number> {
    if (tags)
      return countTagged(
        tx,
        pools.map(({ id }) => id),
        tags,
      );
    return Math.max(0, pools.reduce((sum, { pooled }) => sum + pooled, 0) - taken);
  }
}
