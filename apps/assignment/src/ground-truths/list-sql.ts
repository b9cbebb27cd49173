import { ITEM_COLUMNS, ITEM_TABLES } from '../items/item-states.js';
import type { ItemStatus } from '../items/item.js';

/** Which items are listed; what is undefined does not narrow. */
export interface ItemFilter {
  /** Only items with a smaller key. */
  readonly before?: string | undefined;
  readonly status?: ItemStatus | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly excludeTags?: readonly string[] | undefined;
  readonly assignedTo?: string | undefined;
  readonly itemId?: string | undefined;
  readonly flagged?: boolean | undefined;
  /** As `wordQuery` makes it. */
  readonly q?: string | undefined;
}

/** One condition a filter; `?` stands for its parameter. */
const conditions: Readonly<Record<keyof ItemFilter, string>> = {
  before: 's.item_pk < ?::bigint',
  status: 's.status = ?::item_status',
  tags: `i.tags <> '{}' AND i.tags @> ?::text[]`,
  excludeTags: 'NOT (i.tags && ?::text[])',
  assignedTo: 's.assigned_to = ?',
  itemId: 'i.id = ?',
  flagged: '(s.skip_count > 0 AND s.skip_count >= d.skip_flag_after) = ?::boolean',
  q: 'i.search @@ ?::tsquery',
};

/** Drafts up to which a dataset's are found by what is in its pool or held, and not on a walk over its items. */
export const FEW_DRAFTS = 2_000;

/** A dataset to list. */
export interface ListedDataset {
  readonly id: number;
  /** Whether it has up to `FEW_DRAFTS` drafts and skipped items. */
  readonly hasFewDrafts: boolean;
}

// No index over statuses has the drafts: each claim would have to write it.
const DRAFTS = `s.item_pk = ANY (ARRAY(
          SELECT free.item_pk FROM item_states AS free
          WHERE free.dataset_id = wanted.id AND free.assigned_to IS NULL AND free.status IN ('draft', 'skipped')
          UNION ALL
          SELECT held.item_pk FROM item_states AS held WHERE held.dataset_id = wanted.id AND held.assigned_to IS NOT NULL))`;

/**
 * The statement that lists items, newest first. Each dataset is read along its own index up to the limit, so that a
 * rare status is found without a look at all items; only conditions that are asked for stand in it.
 */
export function listSql(
  datasets: readonly ListedDataset[],
  filter: ItemFilter,
  limit: number,
): { sql: string; parameters: unknown[] } {
  const parameters: unknown[] = [datasets.map(({ id }) => id), limit];
  const where = (Object.keys(conditions) as (keyof ItemFilter)[])
    .filter((name) => filter[name] !== undefined)
    .map((name) => conditions[name].replace('?', `$${String(parameters.push(filter[name]))}`));
  // Lets the planner see that the small index over skipped items is enough.
  if (filter.flagged === true) where.push('s.skip_count > 0');
  const found = (more: readonly string[]): string => `(
        SELECT i.pk FROM ${ITEM_TABLES}
        WHERE i.dataset_id = wanted.id AND s.dataset_id = wanted.id AND d.id = wanted.id
          ${[...where, ...more].map((condition) => `AND ${condition}`).join(' ')}
        ORDER BY s.item_pk DESC LIMIT $2
      )`;
  let each = found([]);
  if (filter.status === 'draft') {
    const few = `wanted.id = ANY ($${String(parameters.push(datasets.filter(({ hasFewDrafts }) => hasFewDrafts).map(({ id }) => id)))}::integer[])`;
    each = `(${found([`NOT ${few}`])} UNION ALL ${found([few, DRAFTS])})`;
  }
  const sql = `
    SELECT ${ITEM_COLUMNS} FROM (
      SELECT found.pk FROM unnest($1::integer[]) AS wanted (id) CROSS JOIN LATERAL ${each} AS found
      ORDER BY found.pk DESC LIMIT $2
    ) AS page JOIN ${ITEM_TABLES} ON i.pk = page.pk
    ORDER BY i.pk DESC`;
  return { sql, parameters };
}
