import { SHARD, WORK_SHARD } from './counters.sql.js';

/** Items with a tag up to which they are looked up by it; a dataset with more of them is walked until enough are found. */
const RARE = 5_000;

/**
 * First key of the advisory lock that keeps a dataset's number of reviewers as it is while claims run, the second is
 * the dataset. No row lock: many claims at once would rewrite the dataset's row for each of them.
 */
const POLICY_LOCK = `hashtext('dataset policy ' || current_schema())`;
/** Waits for the claims that run on dataset `$1`, and keeps new ones waiting until the transaction ends. */
export const LOCK_POLICY = `SELECT pg_advisory_xact_lock(${POLICY_LOCK}, $1::integer)`;

/** What may be handed out; the predicate of the indexes `item_states_pool` and `item_states_due`. */
const FREE = `s.assigned_to IS NULL AND s.status IN ('draft', 'skipped')`;
const POOL = `s.dataset_id = dataset AND ${FREE}`;
/* The same in words that no index knows: found items are read by their keys, never all of the pool to find them. */
const FREE_BY_KEY = `num_nulls(s.assigned_to) = 1 AND s.status IN ('draft', 'skipped')`;

/* Who never skipped anything is asked for once and not for each item, in the same statement as these. */
const NOT_SKIPPED = `(NOT (SELECT EXISTS (SELECT FROM item_skips AS k WHERE k.user_id = p_user))
          OR NOT EXISTS (SELECT FROM item_skips AS k WHERE k.user_id = p_user AND k.item_pk = s.item_pk))`;
const TAGGED = '(p_tags IS NULL OR s.tags @> p_tags)';
const NOT_DUE = `(s.due_at IS NULL OR s.due_at >= soon)`;

/* The limit stands on the locking query itself: in a subquery of an UPDATE it may be evaluated twice and lock more. */
const pick = (where: string, order: string, free = FREE): string => `
      SELECT array_agg(place), array_agg(status) INTO places, statuses FROM (
        SELECT s.ctid AS place, s.status FROM item_states AS s
        WHERE ${where} AND ${free} AND ${NOT_SKIPPED}
        ORDER BY ${order} LIMIT missing FOR UPDATE OF s SKIP LOCKED
      ) AS locked;
      IF places IS NOT NULL THEN
        picked := picked || places;
        were := were || statuses;
        missing := missing - cardinality(places);
      END IF;`;

/*
 * Items of a dataset that carry all tags, by the index over tags; null when they are too many for that. Its own
 * function for the sake of its settings: index scans are bitmap scans there, which the claim itself must not use.
 */
const RARE_ITEMS = `
  CREATE FUNCTION rare_items(p_dataset integer, p_tags text[]) RETURNS bigint[] LANGUAGE plpgsql STABLE
    SET enable_seqscan = off SET enable_indexscan = off SET enable_bitmapscan = on SET plan_cache_mode = force_custom_plan
  AS $$
  BEGIN
    IF (
      SELECT min(tagged.items) FROM (
        SELECT coalesce(sum(c.items), 0) AS items FROM unnest(p_tags) AS wanted (tag) LEFT JOIN item_counts AS c
          ON c.dataset_id = p_dataset AND c.tag = wanted.tag AND c.state IN ('draft', 'skipped')
        GROUP BY wanted.tag
      ) AS tagged
    ) > ${String(RARE)} THEN RETURN NULL; END IF;
    RETURN ARRAY(
      SELECT i.pk FROM items AS i WHERE i.dataset_id = p_dataset AND i.tags <> '{}' AND i.tags @> p_tags
    );
  END $$`;

/*
 * Hands items of the pool to a user: what is due within a day first, then by priority. Within a priority it starts at a
 * random place and wraps around, so that claims that run at once do not meet at the same rows (measured: ten times the
 * throughput of oldest first at 64 clients, which also walks over the dead index entries at the head). Rows that
 * others are taking just now are stepped over. Picked rows are named by their place in the table, which stays while
 * they are locked. A dataset that is reviewed by several by now gives nothing.
 *
 * It writes what `change_items` writes for the action `assigned`, history and counters too, without what a claim never
 * needs: the many small calls are what the service is made for, and this one takes a third of the time.
 */
const CLAIM = `
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
    soon CONSTANT timestamptz := now() + interval '24 hours';
    dataset integer;
    dataset_name text;
    lease timestamptz;
    missing integer;
    band smallint;
    rare bigint[];
    places tid[];
    statuses item_status[];
    picked tid[];
    were item_status[];
  BEGIN
    FOR place IN 1 .. coalesce(array_length(p_datasets, 1), 0) LOOP
      dataset := p_datasets[place];
      missing := p_most[place];
      band := 32767;
      picked := '{}';
      were := '{}';
      PERFORM pg_advisory_xact_lock_shared(${POLICY_LOCK}, dataset);
      SELECT d.name, now() + make_interval(mins => d.lease_minutes) INTO dataset_name, lease
      FROM datasets AS d WHERE d.id = dataset AND d.required_reviews = 1;
      CONTINUE WHEN NOT FOUND OR missing <= 0;
      rare := CASE WHEN p_tags IS NOT NULL THEN rare_items(dataset, p_tags) END;
      IF rare IS NOT NULL THEN
        ${pick(
          `s.item_pk = ANY (rare) AND ${TAGGED}`,
          `CASE WHEN s.due_at < soon THEN s.due_at END, s.priority DESC, s.rnd < p_start, s.rnd`,
          FREE_BY_KEY,
        )}
      ELSE
        ${pick(`s.dataset_id = dataset AND s.due_at < soon AND ${TAGGED}`, 's.due_at')}
        WHILE missing > 0 LOOP
          SELECT s.priority INTO band FROM item_states AS s
          WHERE ${POOL} AND s.priority < band ORDER BY s.priority DESC LIMIT 1;
          EXIT WHEN NOT FOUND;
          ${pick(`s.dataset_id = dataset AND s.priority = band AND s.rnd >= p_start AND ${NOT_DUE} AND ${TAGGED}`, 's.rnd')}
          EXIT WHEN missing <= 0;
          ${pick(`s.dataset_id = dataset AND s.priority = band AND s.rnd < p_start AND ${NOT_DUE} AND ${TAGGED}`, 's.rnd')}
        END LOOP;
      END IF;
      CONTINUE WHEN cardinality(picked) = 0;
      INSERT INTO item_counts AS c (dataset_id, tag, state, shard, items)
      VALUES (dataset, '', 'assigned', ${SHARD}, cardinality(picked))
      ON CONFLICT (dataset_id, tag, state, shard) DO UPDATE SET items = c.items + excluded.items;
      IF 'skipped' = ANY (were) THEN
        -- The others stay drafts, which changes no counter of a status or a tag.
        INSERT INTO item_counts AS c (dataset_id, tag, state, shard, items)
        SELECT dataset, tag, moved.state, ${SHARD}, sum(moved.items)
        FROM unnest(picked, were) AS free (place, status) JOIN item_states AS s ON s.ctid = free.place
          CROSS JOIN unnest(array_prepend('', s.tags)) AS tag
          CROSS JOIN (VALUES ('draft', 1), ('skipped', -1)) AS moved (state, items)
        WHERE free.status = 'skipped'
        GROUP BY 2, 3 ORDER BY 2, 3
        ON CONFLICT (dataset_id, tag, state, shard) DO UPDATE SET items = c.items + excluded.items;
      END IF;
      RETURN QUERY
      WITH changed AS (
        UPDATE item_states AS s SET version = s.version + 1, status = 'draft', assigned_to = p_user,
          assigned_at = now(), lease_expires_at = lease, updated_at = now(), updated_by = p_actor
        FROM unnest(picked, were) AS free (place, status) WHERE s.ctid = free.place
        RETURNING s.item_pk, s.version, s.priority, s.skip_count, s.due_at, free.status AS from_status
      ), logged AS (
        INSERT INTO item_events (item_pk, version, action, actor, from_status, to_status, to_user)
        SELECT item_pk, version, 'assigned', p_actor, from_status, 'draft', p_user FROM changed
      )
      SELECT changed.item_pk, dataset_name, i.id::text, i.bucket, 'draft'::item_status, changed.version,
        changed.priority, changed.skip_count, p_user, now(), lease, changed.due_at, now()
      FROM changed JOIN items AS i ON i.pk = changed.item_pk;

      INSERT INTO action_counts AS a (day, dataset_id, user_id, action, shard, items, seconds)
      VALUES ((now() AT TIME ZONE 'UTC')::date, dataset, p_user, 'assigned', ${WORK_SHARD}, cardinality(picked), 0)
      ON CONFLICT (day, dataset_id, user_id, action, shard) DO UPDATE SET items = a.items + excluded.items;
    END LOOP;
  END $$`;

/** Makes the function `claim_items`. Datasets in ascending order and how many of each: arrays of one length. */
export const CREATE_CLAIM = [RARE_ITEMS, CLAIM];

/** Takes `claim_items` away. */
export const DROP_CLAIM = ['DROP FUNCTION claim_items', 'DROP FUNCTION rare_items'];
