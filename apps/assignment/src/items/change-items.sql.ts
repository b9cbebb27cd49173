import { COUNTED, WORKED } from './counters.sql.js';

/*
 * The one statement that changes items, as a function so that its plan is made once per connection and not per call.
 *
 * Set-based: `p_items` is a JSON array of `{item_pk, version, content?, tags?, question_hash?, search?, changes?}`, and
 * an item whose version is another by now is left out of the result. Whatever leaves draft, or is given back, loses
 * assignee, time and lease in the same row version; history, skips and counters are written along with it, and the entry
 * of a claim that still stands in the state (see the view `item_history`).
 * A null `p_status` keeps the status, `p_assign` says whether `p_assignee` counts, null takes the item back to the pool.
 */
const BODY = `
  RETURN QUERY
  WITH given AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(p_items) AS given
      (item_pk bigint, version integer, content jsonb, tags text[], question_hash bigint, search tsvector, changes jsonb)
  ), taken AS MATERIALIZED (
    SELECT s.item_pk, s.dataset_id, s.status, s.assigned_to, s.assigned_at, s.tags, s.claimed_from, s.updated_at, s.updated_by,
      given.content AS new_content, given.tags AS new_tags, given.question_hash, given.search, given.changes,
      coalesce(p_status, s.status) AS new_status
    FROM given JOIN item_states AS s ON s.item_pk = given.item_pk AND s.version = given.version
    ORDER BY s.item_pk
    FOR UPDATE OF s
  ), aim AS MATERIALIZED (
    SELECT taken.*, d.lease_minutes,
      CASE WHEN new_status <> 'draft' THEN NULL WHEN p_assign THEN p_assignee ELSE taken.assigned_to END AS new_user
    FROM taken JOIN datasets AS d ON d.id = taken.dataset_id
  ), changed AS (
    UPDATE item_states AS s SET
      version = s.version + 1,
      status = aim.new_status,
      assigned_to = aim.new_user,
      assigned_at = CASE WHEN aim.new_user IS NULL THEN NULL WHEN p_assign THEN now() ELSE s.assigned_at END,
      lease_expires_at = CASE WHEN aim.new_user IS NULL THEN NULL ELSE now() + make_interval(mins => aim.lease_minutes) END,
      skip_count = least(s.skip_count + (p_action = 'skipped')::integer, 32767),
      priority = coalesce(p_priority, s.priority),
      due_at = CASE WHEN p_set_due THEN p_due ELSE s.due_at END,
      reviewed_at = CASE WHEN aim.new_status = aim.status THEN s.reviewed_at WHEN aim.new_status = 'approved' THEN now() END,
      reviewed_by = CASE WHEN aim.new_status = aim.status THEN s.reviewed_by WHEN aim.new_status = 'approved' THEN p_actor END,
      tags = coalesce(aim.new_tags, s.tags),
      claimed_from = NULL,
      updated_at = now(),
      updated_by = p_actor
    FROM aim WHERE s.item_pk = aim.item_pk
    RETURNING s.*, aim.status AS from_status, aim.assigned_to AS from_user, aim.assigned_at AS from_at,
      aim.tags AS old_tags, aim.changes, aim.claimed_from AS was_claimed_from, aim.updated_at AS from_time, aim.updated_by AS from_actor
  ), edited AS (
    UPDATE items SET content = aim.new_content, tags = aim.new_tags, question_hash = aim.question_hash,
      search = aim.search
    FROM aim WHERE items.pk = aim.item_pk AND aim.new_content IS NOT NULL
  ), logged AS (
    INSERT INTO item_events
      (item_pk, version, action, actor, at, from_status, to_status, from_user, to_user, reason, changes)
    SELECT item_pk, version - 1, 'assigned', from_actor, from_time, was_claimed_from, from_status, NULL, from_user, NULL, NULL
    FROM changed WHERE was_claimed_from IS NOT NULL
    UNION ALL
    SELECT item_pk, version, p_action, p_actor, now(), from_status, status, from_user, assigned_to, p_reason, changes
    FROM changed
  ), skipped AS (
    INSERT INTO item_skips (user_id, item_pk, reason)
    SELECT from_user, item_pk, p_reason FROM changed WHERE p_action = 'skipped' AND from_user IS NOT NULL
    ON CONFLICT (item_pk, user_id) DO UPDATE SET reason = excluded.reason, skipped_at = excluded.skipped_at
  ), ${COUNTED}, ${WORKED}
  SELECT changed.item_pk, d.name::text, i.id::text, i.bucket, changed.status, changed.version, changed.priority,
    changed.skip_count, changed.assigned_to, changed.assigned_at, changed.lease_expires_at, changed.due_at,
    changed.reviewed_at, changed.reviewed_by, changed.updated_at, changed.from_status, changed.from_user,
    d.required_reviews
  FROM changed JOIN items AS i ON i.pk = changed.item_pk JOIN datasets AS d ON d.id = changed.dataset_id`;

/** Makes the function `change_items`. */
export const CHANGE_ITEMS = `
  CREATE FUNCTION change_items(
    p_action text, p_actor text, p_user text, p_items jsonb,
    p_status item_status, p_assign boolean, p_assignee text, p_reason text,
    p_priority smallint, p_set_due boolean, p_due timestamptz
  ) RETURNS TABLE (
    item_pk bigint, dataset text, id text, bucket uuid, status item_status, version integer, priority smallint,
    skip_count smallint, assigned_to text, assigned_at timestamptz, lease_expires_at timestamptz, due_at timestamptz,
    reviewed_at timestamptz, reviewed_by text, updated_at timestamptz, from_status item_status, from_user text,
    required_reviews smallint
  ) LANGUAGE plpgsql
    -- How many items come is not known when the plan is made; by their keys is right for one and for a thousand. Made
    -- anew for each call, as Postgres would by itself, the plan costs as much as the work.
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan
  AS $$
  #variable_conflict use_column
  BEGIN ${BODY};
  END $$`;

/** Takes `change_items` away. */
export const DROP_CHANGE_ITEMS = 'DROP FUNCTION change_items';
