import { isStorable } from '@hornbook/contracts';
import { queryRows, type Tx } from '@hornbook/database';
import { HOLD_POLICIES } from './claim-items.sql.js';
import type { ItemRow } from './item.js';
import { isItemId } from './item-names.js';

/** How an item is named on the wire. */
export interface ItemAddress {
  readonly dataset: string;
  /** Has to be the item's own when given. */
  readonly bucket?: string | undefined;
  readonly id: string;
}

/** Columns of an `ItemState`, over `i` (items), `s` (item_states) and `d` (datasets). */
export const STATE_COLUMNS = `
  i.pk, d.name AS dataset, i.id, i.bucket, s.status, s.version, s.priority, s.skip_count AS "skipCount",
  s.assigned_to AS "assignedTo", s.assigned_at AS "assignedAt", s.lease_expires_at AS "leaseExpiresAt",
  s.due_at AS "dueAt", s.reviewed_at AS "reviewedAt", s.reviewed_by AS "reviewedBy", s.updated_at AS "updatedAt",
  s.updated_by AS "updatedBy"`;

/** Columns of an `ItemRow`, over the same. */
export const ITEM_COLUMNS = `${STATE_COLUMNS}, d.id AS "datasetId", s.author,
  i.created_at AS "createdAt", i.created_by AS "createdBy", i.content, i.tags,
  d.required_reviews AS "requiredReviews", d.skip_flag_after AS "skipFlagAfter"`;

/** Tables of `ITEM_COLUMNS`. */
export const ITEM_TABLES = `items AS i JOIN item_states AS s ON s.item_pk = i.pk JOIN datasets AS d ON d.id = i.dataset_id`;

const BY_ADDRESS = `
  unnest($1::text[], $2::text[], $3::text[]) AS given (dataset, bucket, id)
  JOIN datasets AS d ON d.name = given.dataset
  JOIN items AS i ON i.dataset_id = d.id AND i.id = given.id
    AND (given.bucket IS NULL OR i.bucket::text = lower(given.bucket))
  JOIN item_states AS s ON s.item_pk = i.pk`;

/** What cannot be an address names no item, and may hold what Postgres refuses as text. */
function columnsOf(addresses: readonly ItemAddress[]): [string[], (string | null)[], string[]] {
  const sound = addresses.filter(
    ({ dataset, bucket = '', id }) => isStorable(dataset) && isStorable(bucket) && isItemId(id),
  );
  return [
    sound.map(({ dataset }) => dataset),
    sound.map(({ bucket }) => bucket ?? null),
    sound.map(({ id }) => id),
  ];
}

/** Items as they are, in no order. Outside a transaction or in one. */
export async function findItems(tx: Tx, addresses: readonly ItemAddress[]): Promise<ItemRow[]> {
  return queryRows<ItemRow>(tx, `SELECT ${ITEM_COLUMNS} FROM ${BY_ADDRESS}`, columnsOf(addresses));
}

/** An item as it is, or undefined. */
export async function findItem(tx: Tx, address: ItemAddress): Promise<ItemRow | undefined> {
  const [item] = await findItems(tx, [address]);
  return item;
}

/**
 * Locks items until `tx` ends, in the order of their keys, and reads them. Two statements: one that waited for a lock
 * sees the row as it is then, but everything that it joins as it was before.
 */
export async function lockItems(tx: Tx, addresses: readonly ItemAddress[]): Promise<ItemRow[]> {
  const locked = await queryRows<{ pk: string }>(
    tx,
    `SELECT s.item_pk AS pk FROM ${BY_ADDRESS} ORDER BY s.item_pk FOR UPDATE OF s`,
    columnsOf(addresses),
  );
  return readByPk(
    tx,
    locked.map(({ pk }) => pk),
  );
}

/**
 * Has whoever changes the number of a dataset's reviewers wait until `tx` ends, and waits for them. To be called before
 * the items of a single reviewer are locked to be handed out.
 */
export async function holdPolicies(tx: Tx, addresses: readonly ItemAddress[]): Promise<void> {
  await queryRows(tx, HOLD_POLICIES, [columnsOf(addresses)[0]]);
}

/** Locks one item and reads it; undefined when there is none. */
export async function lockItem(tx: Tx, address: ItemAddress): Promise<ItemRow | undefined> {
  const [item] = await lockItems(tx, [address]);
  return item;
}

/** Locks items by their keys, and reads them. */
export async function lockByPk(tx: Tx, pks: readonly string[]): Promise<ItemRow[]> {
  await queryRows(
    tx,
    'SELECT FROM item_states AS s WHERE s.item_pk = ANY ($1::bigint[]) ORDER BY s.item_pk FOR UPDATE OF s',
    [pks],
  );
  return readByPk(tx, pks);
}

/** Items by their keys, in the order of these. */
export async function readByPk(tx: Tx, pks: readonly string[]): Promise<ItemRow[]> {
  if (pks.length === 0) return [];
  return queryRows<ItemRow>(
    tx,
    `SELECT ${ITEM_COLUMNS} FROM ${ITEM_TABLES} WHERE i.pk = ANY ($1::bigint[]) ORDER BY i.pk`,
    [pks],
  );
}
