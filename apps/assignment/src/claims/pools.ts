import { queryRows, type Tx } from '@hornbook/database';
import { ValidationError } from '@hornbook/service-kit';
import { POLICY_COLUMNS, type DatasetPolicy } from '../datasets/datasets.js';

/** A dataset as somebody who asks for work sees it. */
export interface Pool extends DatasetPolicy {
  /** Items, or slots, in the pool. */
  readonly pooled: number;
  /** Items, or slots, that the user holds. */
  readonly held: number;
}

const POOLS = `
  SELECT ${POLICY_COLUMNS}, d.pooled, d.held FROM pools_of($1::text[], $2::text[]) AS d`;

/**
 * Datasets, with what is in their pools and in the user's hands.
 * @param names counts the pools of these alone; of others only those come of which the user holds something
 */
export async function poolsFor(tx: Tx, user: string, names?: readonly string[]): Promise<Pool[]> {
  const [pools = []] = await poolsForAll(tx, [user], names);
  return pools;
}

/** The same as each of several users sees it, in their order. */
export async function poolsForAll(
  tx: Tx,
  users: readonly string[],
  names?: readonly string[],
): Promise<Pool[][]> {
  const rows = await queryRows<Omit<Pool, 'held'> & { held: Record<string, number> }>(tx, POOLS, [
    [...new Set(users)],
    names ?? null,
  ]);
  const pools = rows.map((row) => ({ row, held: new Map(Object.entries(row.held)) }));
  return users.map((user) => pools.map(({ row, held }) => ({ ...row, held: held.get(user) ?? 0 })));
}

/**
 * The datasets a request narrows to: the named ones, else all with a weight.
 * @throws ValidationError naming a dataset that does not exist
 */
export function selectPools(pools: readonly Pool[], names: readonly string[] | undefined): Pool[] {
  if (names === undefined) return pools.filter(({ weight }) => weight > 0);
  const byName = new Map(pools.map((pool) => [pool.name, pool]));
  const faults = names.flatMap((name, index) =>
    byName.has(name)
      ? []
      : [
          {
            field: `datasets[${String(index)}]`,
            error: `There is no dataset ${name}`,
            code: 'unknown_dataset',
          },
        ],
  );
  if (faults.length > 0) throw new ValidationError(faults);
  return [...new Set(names)].flatMap((name) => byName.get(name) ?? []);
}

/** Items of the pool that carry all tags, counted up to 10,000. */
export async function countTagged(
  tx: Tx,
  datasets: readonly number[],
  tags: readonly string[],
): Promise<number> {
  const [row] = await queryRows<{ count: number }>(
    tx,
    `SELECT count(*)::integer AS count FROM (
       SELECT FROM items AS i JOIN item_states AS s ON s.item_pk = i.pk
       WHERE i.tags <> '{}' AND i.tags @> $2::text[] AND i.dataset_id = ANY ($1::integer[])
         AND s.assigned_to IS NULL AND s.status IN ('draft', 'skipped')
       LIMIT 10000
     ) AS tagged`,
    [datasets, tags],
  );
  return row?.count ?? 0;
}

/** Whether some of the pools' items are kept from the user because they skipped them. */
export async function hasSkipped(
  tx: Tx,
  user: string,
  datasets: readonly number[],
  tags: readonly string[] | null,
): Promise<boolean> {
  const rows = await queryRows(
    tx,
    `SELECT FROM item_skips AS k JOIN item_states AS s ON s.item_pk = k.item_pk
     WHERE k.user_id = $1 AND s.dataset_id = ANY ($2::integer[]) AND ($3::text[] IS NULL OR s.tags @> $3)
       AND s.assigned_to IS NULL AND s.status IN ('draft', 'skipped') LIMIT 1`,
    [user, datasets, tags],
  );
  return rows.length > 0;
}

/**
 * Makes claims of one user take turns until the transaction ends, where a limit has to be exact. A statement of its
 * own: only the next one sees what was committed while it waited.
 */
export async function takeTurn(tx: Tx, user: string): Promise<void> {
  await queryRows(tx, `SELECT pg_advisory_xact_lock(hashtextextended('reviewer ' || $1, 0))`, [user]);
}

/** How many more items of a dataset its cap lets the user have. */
export function roomOf({ perUserCap, held }: Pool): number {
  return perUserCap === null ? Number.MAX_SAFE_INTEGER : Math.max(0, perUserCap - held);
}
