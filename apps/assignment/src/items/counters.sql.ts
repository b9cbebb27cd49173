/*
 * Counters are kept by every change in its own transaction, so that they equal a scan at any moment. One row a counter
 * would make all writers of a dataset queue up for it until commit: each connection has a row of its own instead, a
 * reader adds up, and `fold_counts` keeps the rows few.
 */
/** Rows that writers spread a counter of items over. */
const SHARDS = 64;
/** Rows of a counter of work: of one user, so that few write it at once. */
const WORK_SHARDS = 4;
/** Rows a counter of items may have before they are folded into one. */
const MOST_ROWS = 8;

/** The row of `item_counts` that this connection writes; -1 is the one that others are folded into. */
export const SHARD = `(pg_backend_pid() % ${String(SHARDS)})::smallint`;
/** The row of `action_counts` that this connection writes. */
export const WORK_SHARD = `(pg_backend_pid() % ${String(WORK_SHARDS)})::smallint`;

/** CTE that counts what `changed` (new row, `from_status`, `from_user`, `old_tags`) moved from one state to another. */
export const COUNTED = `counted AS (
    INSERT INTO item_counts AS c (dataset_id, tag, state, shard, items)
    SELECT changed.dataset_id, delta.tag, delta.state, ${SHARD}, sum(delta.items)
    FROM changed CROSS JOIN LATERAL (
      SELECT '' AS tag, from_status::text AS state, -1 AS items
      UNION ALL SELECT '', status::text, 1
      UNION ALL SELECT '', 'assigned', (assigned_to IS NOT NULL)::integer - (from_user IS NOT NULL)::integer
      UNION ALL SELECT tag, from_status::text, -1 FROM unnest(old_tags) AS tag
      UNION ALL SELECT tag, status::text, 1 FROM unnest(changed.tags) AS tag
    ) AS delta
    GROUP BY 1, 2, 3 HAVING sum(delta.items) <> 0
    ORDER BY 1, 2, 3
    ON CONFLICT (dataset_id, tag, state, shard) DO UPDATE SET items = c.items + excluded.items
  )`;

/** CTE that counts `changed` as work of `p_user`, or of who got or lost the items, under `p_action`. */
export const WORKED = `worked AS (
    INSERT INTO action_counts AS a (day, dataset_id, user_id, action, shard, items, seconds)
    SELECT (now() AT TIME ZONE 'UTC')::date, changed.dataset_id, credited.user_id, p_action, ${WORK_SHARD}, count(*),
      coalesce(sum(extract(epoch FROM now() - from_at)) FILTER (WHERE p_action IN ('approved', 'skipped', 'deleted')), 0)::bigint
    FROM changed CROSS JOIN LATERAL (
      SELECT CASE WHEN p_action IN ('assigned', 'transferred') THEN assigned_to
        WHEN p_action IN ('released', 'expired') THEN from_user ELSE p_user END AS user_id
    ) AS credited
    WHERE credited.user_id IS NOT NULL
    GROUP BY 1, 2, 3
    ORDER BY 1, 2, 3
    ON CONFLICT (day, dataset_id, user_id, action, shard)
      DO UPDATE SET items = a.items + excluded.items, seconds = a.seconds + excluded.seconds
  )`;

/*
 * Folds counters that have many rows. One statement, so that a reader finds the old rows or the new one and never
 * both; a row that is being written just now is left for the next time.
 */
export const FOLD_COUNTS = `
  WITH wide AS MATERIALIZED (
    SELECT dataset_id, tag, state FROM item_counts WHERE shard >= 0
    GROUP BY 1, 2, 3 HAVING count(*) > ${String(MOST_ROWS)} ORDER BY 1, 2, 3 LIMIT 200
  ), chosen AS MATERIALIZED (
    SELECT c.ctid FROM item_counts AS c JOIN wide USING (dataset_id, tag, state) WHERE c.shard >= 0
    FOR UPDATE OF c SKIP LOCKED
  ), taken AS (
    DELETE FROM item_counts AS c USING chosen WHERE c.ctid = chosen.ctid RETURNING c.*
  )
  INSERT INTO item_counts AS c (dataset_id, tag, state, shard, items)
  SELECT dataset_id, tag, state, -1, sum(items) FROM taken GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
  ON CONFLICT (dataset_id, tag, state, shard) DO UPDATE SET items = c.items + excluded.items`;
