import type { Identity } from '@hornbook/contracts';
import { Database, queryRows, type Tx } from '@hornbook/database';
import { Injectable } from '@nestjs/common';
import { randomInt } from 'node:crypto';
import { AssignmentConfig } from '../config.js';
import { once } from '../idempotency/idempotency.js';
import { etagOf } from '../items/etag.js';
import { slimView } from '../items/item.js';
import { readByPk } from '../items/item-states.js';
import { Transitions, type LockedVersion } from '../items/transitions.js';
import { releaseExpired } from '../leases/release-expired.js';
import { claimSlots } from '../reviews/slots.js';
import type { SelfServeAnswer, SelfServeRequest, SlimItem } from './claims.schemas.js';
import { countTagged, poolsFor, selectPools, takeTurn, type Pool } from './pools.js';
import { quotas } from './quota.js';

/** Times a claim goes round the datasets; more than one where others emptied what was counted on. */
const ROUNDS = 4;
const MAX_RND = 2_147_483_647;

type Request = Omit<SelfServeRequest, 'limit' | 'mode'>;
type Shortfall = SelfServeAnswer['shortfall'];

/** Hands out work: nobody gets what another one has, and two calls at once get different items. */
@Injectable()
export class SelfServeService {
  constructor(
    private readonly database: Database,
    private readonly transitions: Transitions,
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
    let all = await poolsFor(tx, caller.owner);
    let pools = selectPools(all, datasets);
    if (
      mode === 'topUp' ||
      this.config.userOpenLimit > 0 ||
      pools.some(({ perUserCap }) => perUserCap !== null)
    ) {
      await takeTurn(tx, caller.owner);
      all = await poolsFor(tx, caller.owner);
      pools = selectPools(all, datasets);
    }
    const open = all.reduce((sum, { held }) => sum + held, 0);
    const wanted = mode === 'topUp' ? Math.max(0, limit - open) : limit;
    const room = this.config.userOpenLimit > 0 ? Math.max(0, this.config.userOpenLimit - open) : wanted;
    const assigned = await this.fill(tx, pools, Math.min(wanted, room), { tags }, caller);
    const remaining = await this.remaining(tx, pools, assigned.length, tags);
    return {
      assigned,
      requested: limit,
      assignedCount: assigned.length,
      shortfall: shortfall({ wanted, room, got: assigned, remaining, pools }),
      openCount: open + assigned.length,
      remaining,
    };
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
      const locked = await queryRows<LockedVersion>(
        tx,
        'SELECT item_pk AS pk, version FROM pick_items($1::integer[], $2::integer[], $3, $4::text[], $5)',
        [
          single.map(({ pool }) => pool.id),
          single.map(({ most }) => most),
          caller.owner,
          tags,
          randomInt(MAX_RND),
        ],
      );
      const change = {
        action: 'assigned',
        actor: caller.sub,
        status: 'draft',
        assignTo: caller.owner,
      } as const;
      items.push(...(await this.transitions.hand(tx, change, locked)).map(slimView));
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

function shortfall(claim: {
  wanted: number;
  room: number;
  got: readonly SlimItem[];
  remaining: number;
  pools: readonly Pool[];
}): Shortfall {
  const { wanted, room, got, remaining, pools } = claim;
  if (got.length >= wanted) return null;
  if (got.length >= room) return 'USER_LIMIT';
  if (remaining === 0) return 'SUPPLY_EXHAUSTED';
  const own = (pool: Pool): number => got.filter(({ dataset }) => dataset === pool.name).length;
  const full = pools.some((pool) => pool.pooled > own(pool) && roomOf(pool) <= own(pool));
  return full ? 'DATASET_LIMIT' : 'SKIPPED_BY_YOU';
}
