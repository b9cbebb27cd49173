import { COUNTED, WORKED } from './counters.sql.js';

/** What may be handed out; the predicate of the indexes `item_states_pool` and `item_states_due`. */
const POOL = `s.dataset_id = dataset AND s.assigned_to IS NULL AND s.status IN ('draft', 'skipped')`;

const FOR_CALLER = `(p_tags IS NULL OR s.tags @> p_tags)
        AND NOT EXISTS (SELECT FROM item_skips AS k WHERE k.user_id = p_user AND k.item_pk = s.item_pk)`;

const NOT_DUE = `(s.due_at IS NULL OR s.due_at >= soon)`;

/* The limit stands on the locking query itself: in a subquery of an UPDATE it may be evaluated twice and lock more. */
const pick = (where: string, order: string): string => `
      SELECT array_agg(item_pk), array_agg(status) INTO pks, statuses FROM (
        SELECT s.item_pk, s.status FROM item_states AS s
        WHERE ${POOL} AND ${where}
        AND ${FOR_CALLER}
        ORDER BY ${order} LIMIT missing FOR UPDATE OF s SKIP LOCKED
      ) AS locked;
      picked := picked || pks;
      were := were || statuses;
      missing := missing - coalesce(cardinality(pks), 0);`;

/*
 * Hands items of the pool to a user: what is due within a day first, then by priority. Within a priority it starts at a
 * random place and wraps around, so that claims that run at once do not meet at the same rows (measured: ten times the
 * throughput of oldest first at 64 clients, which also walks over the dead index entries at the head). Rows that
 * others are taking just now are stepped over.
 *
 * It writes what `change_items` writes for the action `assigned`, history and counters too, without what a claim never
 * needs: the many small calls are what the service is made for, and this one takes a third of the time.
 */
/** Makes the function `claim_items`. Datasets, each with one reviewer an item, and how many of each: arrays of one length. */
export const CLAIM_ITEMS = `
  CREATE FUNCTION claim_items(
    p_datasets integer[], p_most integer[], p_user text, p_actor text, p_tags text[], p_start integer
  ) RETURNS TABLE (
    item_pk bigint, dataset text, id text, bucket uuid, status item_status, version integer, priority smallint,
    skip_count smallint, assigned_to text, assigned_at timestamptz, lease_expires_at timestamptz, due_at timestamptz,
    updated_at timestamptz
  ) LANGUAGE plpgsql
    -- The limit is not known when the plan is made; walking along the index is right for every one. And one plan for
    -- all calls: making it costs as much as the claim.
    SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET enable_material = off
    SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan
  AS $$
  #variable_conflict use_column
  DECLARE
    p_action CONSTANT text := 'assigned';
    soon CONSTANT timestamptz := now() + interval '24 hours';
    dataset integer;
    missing integer;
    band smallint;
    pks bigint[];
    statuses item_status[];
    picked bigint[] := '{}';
    were item_status[] := '{}';
  BEGIN
    FOR place IN 1 .. coalesce(array_length(p_datasets, 1), 0) LOOP
      dataset := p_datasets[place];
      missing := p_most[place];
      band := 32767;
      CONTINUE WHEN missing <= 0;
      ${pick('s.due_at < soon', 's.due_at')}
      WHILE missing > 0 LOOP
        SELECT s.priority INTO band FROM item_states AS s
        WHERE ${POOL} AND s.priority < band ORDER BY s.priority DESC LIMIT 1;
        EXIT WHEN NOT FOUND;
        ${pick(`s.priority = band AND s.rnd >= p_start AND ${NOT_DUE}`, 's.rnd')}
        EXIT WHEN missing <= 0;
        ${pick(`s.priority = band AND s.rnd < p_start AND ${NOT_DUE}`, 's.rnd')}
      END LOOP;
    END LOOP;
    IF cardinality(picked) = 0 THEN RETURN; END IF;
    RETURN QUERY
    WITH changed AS (
      UPDATE item_states AS s SET version = s.version + 1, status = 'draft', assigned_to = p_user, assigned_at = now(),
        lease_expires_at = now() + make_interval(mins => d.lease_minutes), updated_at = now(), updated_by = p_actor
      FROM unnest(picked, were) AS free (item_pk, status), datasets AS d
      WHERE s.item_pk = free.item_pk AND d.id = s.dataset_id
      RETURNING s.*, d.name, free.status AS from_status, NULL::text AS from_user, NULL::timestamptz AS from_at, s.tags AS old_tags
    ), logged AS (
      INSERT INTO item_events (item_pk, version, action, actor, from_status, to_status, to_user)
      SELECT item_pk, version, p_action, p_actor, from_status, status, assigned_to FROM changed
    ), ${COUNTED}, ${WORKED}
    SELECT changed.item_pk, changed.name::text, i.id::text, i.bucket, changed.status, changed.version, changed.priority,
      changed.skip_count, changed.assigned_to, changed.assigned_at, changed.lease_expires_at, changed.due_at,
      changed.updated_at
    FROM changed JOIN items AS i ON i.pk = changed.item_pk;
  END $$`;

/** Takes `claim_items` away. */
export const DROP_CLAIM_ITEMS = 'DROP FUNCTION claim_items';
