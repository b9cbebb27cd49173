import { queryRows, type Tx } from '@hornbook/database';

/*
 * What rounds there have to be follows from the items: one that may be reviewed and belongs to a dataset of several
 * reviewers has a live round, any other has none. This brings rounds in line, whatever happened to the items, and does
 * nothing when they are; slots take the priority of their item. `which` is a condition on `i`, the state of an item.
 */
const reconcile = (which: string): string => `
  WITH target AS MATERIALIZED (
    SELECT i.item_pk, i.dataset_id, i.rnd, i.priority, d.required_reviews AS required,
      i.status IN ('draft', 'skipped') AND d.required_reviews > 1 AS wanted
    FROM item_states i JOIN datasets d ON d.id = i.dataset_id WHERE ${which}
  ), live AS MATERIALIZED (
    SELECT r.item_pk, r.round FROM review_rounds r JOIN target USING (item_pk) WHERE r.state IN ('open', 'disputed')
  ), closed AS (
    UPDATE review_rounds r SET state = 'closed', closed_at = coalesce(r.closed_at, now())
    FROM live JOIN target USING (item_pk) WHERE r.item_pk = live.item_pk AND r.round = live.round AND NOT target.wanted
    RETURNING r.item_pk, r.round
  ), shut AS (
    UPDATE review_slots s SET open = false, lease_expires_at = NULL, version = s.version + 1
    FROM closed WHERE s.item_pk = closed.item_pk AND s.round = closed.round AND s.open
    RETURNING s.item_pk, s.round, s.slot, s.reviewer, s.submitted_at, s.edits
  ), logged AS (
    INSERT INTO review_events (item_pk, round, slot, action, reviewer, actor, edits)
    SELECT item_pk, round, slot, 'closed', reviewer, 'system', edits FROM shut
    WHERE reviewer IS NOT NULL AND submitted_at IS NULL
  ), urged AS (
    UPDATE review_slots s SET priority = target.priority
    FROM target JOIN live USING (item_pk) WHERE s.item_pk = live.item_pk AND s.round = live.round AND s.open
      AND s.priority <> target.priority AND target.wanted
  ), opened AS (
    INSERT INTO review_rounds (item_pk, round, dataset_id, required)
    SELECT item_pk, 1 + coalesce((SELECT max(round) FROM review_rounds r WHERE r.item_pk = target.item_pk), 0), dataset_id,
      required
    FROM target WHERE wanted AND NOT EXISTS (SELECT FROM live WHERE live.item_pk = target.item_pk)
    RETURNING item_pk, round, dataset_id, required
  )
  INSERT INTO review_slots (item_pk, round, slot, dataset_id, priority, rnd)
  SELECT opened.item_pk, opened.round, slot, opened.dataset_id, target.priority, target.rnd
  FROM opened JOIN target USING (item_pk) CROSS JOIN generate_series(1, opened.required) AS slot`;

const OF_ITEMS = reconcile('i.item_pk = ANY ($1::bigint[])');
const OF_DATASET = reconcile('i.item_pk IN (SELECT pk FROM items WHERE dataset_id = $1)');

/**
 * Opens a round for each of these items that is to be reviewed by several and has none, closes those of the others.
 * Call it after every change of an item's status, in the same transaction, which holds the rows of `item_states`.
 */
export async function reconcileRounds(tx: Tx, itemPks: readonly string[]): Promise<void> {
  if (itemPks.length > 0) await queryRows(tx, OF_ITEMS, [itemPks]);
}

/** The same for all items of a dataset, when its number of reviewers changed. Rounds that have begun keep theirs. */
export async function reconcileDataset(tx: Tx, datasetId: number): Promise<void> {
  // Rounds that nobody has begun take the new number: they are made again.
  await queryRows(
    tx,
    `WITH untouched AS (
       DELETE FROM review_rounds r USING datasets d
       WHERE r.dataset_id = $1 AND d.id = $1 AND r.state = 'open' AND r.required <> d.required_reviews
         AND NOT EXISTS (SELECT FROM review_slots s WHERE s.item_pk = r.item_pk AND s.round = r.round AND s.reviewer IS NOT NULL)
     ) SELECT`,
    [datasetId],
  );
  await queryRows(tx, OF_DATASET, [datasetId]);
}
