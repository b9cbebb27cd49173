import { selectPools, type Pool } from './pools.js';
import { quotas } from './quota.js';
import type { Prospect } from './serving.js';

/** A request among others that are served in one transaction. */
export interface PlainRequest {
  readonly limit: number;
  readonly datasets: readonly string[] | undefined;
  /** As its user sees them, before any of the requests is served. */
  readonly pools: readonly Pool[];
}

/** What a request is to get; neither prospect nor error where it has to be served alone. */
export interface Plan {
  readonly parts?: readonly { readonly datasetId: number; readonly most: number }[];
  readonly prospect?: Prospect;
  /** Why it is refused. */
  readonly error?: unknown;
}

/**
 * Plans requests one after the other: what is counted for one is not there for the next. Those that look at datasets
 * with a cap or with several reviewers an item are left to be served alone.
 */
export function planTogether(requests: readonly PlainRequest[]): Plan[] {
  const left = new Map(requests.flatMap(({ pools }) => pools.map(({ id, pooled }) => [id, pooled])));
  return requests.map((request) => {
    try {
      return planOne(request, left);
    } catch (error) {
      return { error };
    }
  });
}

function planOne({ limit, datasets, pools: all }: PlainRequest, left: Map<number, number>): Plan {
  const selected = selectPools(all, datasets);
  if (selected.some(({ perUserCap, requiredReviews }) => perUserCap !== null || requiredReviews > 1))
    return {};
  const pools = selected.map((pool) => ({ ...pool, pooled: left.get(pool.id) ?? 0 }));
  const shares = quotas(
    limit,
    pools.map(({ weight, pooled }) => ({ weight: Math.max(weight, 1), available: pooled })),
  );
  const parts = pools.flatMap(({ id, pooled }, place) => {
    const most = shares[place] ?? 0;
    left.set(id, pooled - most);
    return most > 0 ? [{ datasetId: id, most }] : [];
  });
  const open = all.reduce((sum, { held }) => sum + held, 0);
  return { parts, prospect: { pools, open, wanted: limit, room: limit } };
}
