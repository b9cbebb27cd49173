import type { Identity } from '@hornbook/contracts';
import { Database, type Tx } from '@hornbook/database';
import { Outbox } from '@hornbook/messaging';
import { Injectable } from '@nestjs/common';
import { AssignmentConfig } from '../config.js';
import { once } from '../idempotency/idempotency.js';
import { etagOf } from '../items/etag.js';
import { slimView } from '../items/item.js';
import { readByPk } from '../items/item-states.js';
import { Transitions } from '../items/transitions.js';
import { releaseExpired } from '../leases/release-expired.js';
import { publishSlotsAssigned } from '../reviews/slot-events.js';
import { claimSlots } from '../reviews/slots.js';
import type { SelfServeAnswer, SelfServeRequest, SlimItem } from './claims.schemas.js';
import { countTagged, hasSkipped, poolsFor, selectPools, takeTurn, type Pool } from './pools.js';
import { quotas } from './quota.js';

/** Times a claim goes round the datasets; more than one where others emptied what was counted on. */
const ROUNDS = 4;

type Request = Omit<SelfServeRequest, 'limit' | 'mode'>;
type Shortfall = SelfServeAnswer['shortfall'];

/** What is known when fewer came than were asked for. */
interface Shortage {
  /** Whether the user may hold no more. */
  readonly isFull: boolean;
  readonly remaining: number;
  readonly pools: readonly Pool[];
  readonly tags: readonly string[] | undefined;
}

/** Hands out work: nobody gets what another one has, and two calls at once get different items. */
@Injectable()
export class SelfServeService {
  constructor(
    private readonly database: Database,
    private readonly transitions: Transitions,
    private readonly outbox: Outbox,
    private readonly config: AssignmentConfig,
  ) {}

  /** @throws ValidationError for an unknown dataset, IdempotencyKeyReusedError */
  async serve(
    request: SelfServeRequest,
    caller: Identity,
    key: string | undefined,
  ): Promise<SelfServeAnswer> {
    const route = 'POST /v1/assignments/self-serve';
    return this.database.transaction((tx) =>
      once(tx, { owner: caller.owner, key, route, body: request }, () => this.claim(tx, request, caller)),
    );
  }

  private async claim(tx: Tx, request: SelfServeRequest, caller: Identity): Promise<SelfServeAnswer> {
    const { limit, mode, datasets, tags } = request;
    let all = await poolsFor(tx, caller.owner, datasets);
    let pools = selectPools(all, datasets);
    if (
      mode === 'topUp' ||
      this.config.userOpenLimit > 0 ||
      pools.some(({ perUserCap }) => perUserCap !== null)
    ) {
      await takeTurn(tx, caller.owner);
      all = await poolsFor(tx, caller.owner, datasets);
      pools = selectPools(all, datasets);
    }
    const open = all.reduce((sum, { held }) => sum + held, 0);
    const wanted = mode === 'topUp' ? Math.max(0, limit - open) : limit;
    const room = this.config.userOpenLimit > 0 ? Math.max(0, this.config.userOpenLimit - open) : wanted;
    const assigned = await this.fill(tx, pools, Math.min(wanted, room), { tags }, caller);
    const isShort = assigned.length < wanted;
    // Counted anew: others may have taken what was counted on, and why fewer came has to be true.
    if (isShort) pools = selectPools(await poolsFor(tx, caller.owner, datasets), datasets);
    const remaining = await this.remaining(tx, pools, isShort ? 0 : assigned.length, tags);
    return {
      assigned,
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
  private async fill(
    tx: Tx,
    pools: readonly Pool[],
    wanted: number,
    request: Request,
    caller: Identity,
  ): Promise<SlimItem[]> {
    const taken: SlimItem[] = [];
    const room = new Map(pools.map((pool) => [pool.id, Math.min(pool.pooled, roomOf(pool))]));
    for (let round = 0; round < ROUNDS && taken.length < wanted; round++) {
      const shares = pools.map((pool) => ({
        weight: Math.max(pool.weight, 1),
        available: room.get(pool.id) ?? 0,
      }));
      const parts = quotas(wanted - taken.length, shares);
      const asked = pools.flatMap((pool, place) => (parts[place] ? [{ pool, most: parts[place] }] : []));
      if (asked.length === 0) {
        // Nothing counted as free: leases may have run out that nobody has swept up yet.
        if (round > 0 || !(await this.sweep(tx, pools, room))) break;
        continue;
      }
      const got = await this.take(tx, asked, request, caller);
      for (const { pool, most } of asked) {
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
    asked: readonly { pool: Pool; most: number }[],
    { tags = null }: { tags?: readonly string[] | null | undefined },
    caller: Identity,
  ): Promise<SlimItem[]> {
    const single = asked.filter(({ pool }) => pool.requiredReviews === 1);
    const items: SlimItem[] = [];
    if (single.length > 0) {
      const parts = single.map(({ pool, most }) => ({ datasetId: pool.id, most }));
      const claimed = await this.transitions.claim(tx, {
        parts,
        user: caller.owner,
        actor: caller.sub,
        tags,
      });
      items.push(...claimed.map(slimView));
    }
    for (const { pool, most } of asked) {
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

/** How many more items of a dataset its cap lets the user have. */
function roomOf({ perUserCap, held }: Pool): number {
  return perUserCap === null ? Number.MAX_SAFE_INTEGER : Math.max(0, perUserCap - held);
}
