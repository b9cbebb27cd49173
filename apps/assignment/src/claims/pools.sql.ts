const WANTED = '(p_names IS NULL OR d.name = ANY (p_names))';

/*
 * Counters are read, not items: a count over the pool would cost more than the claim. A function for the sake of its
 * plan, which is made once per connection: every claim asks, and planning took longer than the answer.
 */
/**
 * Makes the function `pools_of`: datasets with what is in their pools, and how many of them the users hold, by user.
 * With names, the pools of the others are left at 0, and of them only those come of which somebody holds something.
 */
export const POOLS_OF = `
  CREATE FUNCTION pools_of(p_users text[], p_names text[]) RETURNS TABLE (
    id integer, name text, weight integer, lease_minutes integer, required_reviews smallint, per_user_cap integer,
    skip_flag_after smallint, pooled integer, held jsonb
  ) LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
  AS $$
  #variable_conflict use_column
  BEGIN
    RETURN QUERY
    SELECT d.id, d.name::text, d.weight, d.lease_minutes, d.required_reviews, d.per_user_cap, d.skip_flag_after,
      CASE WHEN d.required_reviews > 1 THEN slots.pooled ELSE counted.pooled END,
      coalesce(in_hand.held, '{}')
    FROM datasets AS d
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(CASE c.state WHEN 'assigned' THEN -c.items ELSE c.items END), 0)::integer AS pooled
      FROM item_counts AS c
      WHERE ${WANTED} AND c.dataset_id = d.id AND c.tag = '' AND c.state IN ('draft', 'skipped', 'assigned')
    ) AS counted
    CROSS JOIN LATERAL (
      SELECT count(*)::integer AS pooled FROM (
        SELECT FROM review_slots AS s
        WHERE ${WANTED} AND d.required_reviews > 1 AND s.dataset_id = d.id AND s.reviewer IS NULL AND s.open LIMIT 10000
      ) AS free
    ) AS slots
    LEFT JOIN (
      SELECT hand.dataset_id, jsonb_object_agg(hand.holder, hand.held) AS held FROM (
        SELECT kind.dataset_id, kind.holder, sum(kind.held) AS held FROM (
          SELECT s.dataset_id, s.assigned_to AS holder, count(*) AS held FROM item_states AS s
          WHERE s.assigned_to = ANY (p_users) GROUP BY 1, 2
          UNION ALL
          SELECT s.dataset_id, s.reviewer, count(*) FROM review_slots AS s
          WHERE s.reviewer = ANY (p_users) AND s.submitted_at IS NULL AND s.open GROUP BY 1, 2
        ) AS kind GROUP BY 1, 2
      ) AS hand GROUP BY 1
    ) AS in_hand ON in_hand.dataset_id = d.id
    WHERE ${WANTED} OR in_hand.held IS NOT NULL
    ORDER BY d.id;
  END $$`;

/** Takes `pools_of` away. */
export const DROP_POOLS_OF = 'DROP FUNCTION pools_of';
