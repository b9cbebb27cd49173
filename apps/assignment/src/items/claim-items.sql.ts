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

/** Keeps the number of reviewers of datasets named in `$1` as it is until the transaction ends; before items are locked. */
export const HOLD_POLICIES = `
  SELECT pg_advisory_xact_lock_shared(${POLICY_LOCK}, d.id)
  FROM (SELECT id FROM datasets WHERE name = ANY ($1::text[]) ORDER BY id) AS d`;

/*
 * Items that were imported one after the other stand in runs of 32, the runs in random order. So a claim finds its ten
 * on a page or two; ten random items would be ten pages of the table and of each index to read, change and log.
 */
/** The place of an item in its pool, `item_states.rnd`, for all times; of its key, an SQL expression. */
export const placeInPool = (pk: string): string =>
  `((hashint8(${pk} / 32) & 67108863) * 32 + ${pk} % 32)::integer`;

/** What may be handed out; the predicate of the indexes `item_states_pool` and `item_states_due`. */
const FREE = `s.assigned_to IS NULL AND s.status IN ('draft', 'skipped')`;
const POOL = `s.dataset_id = dataset AND ${FREE}`;
/* The same in words that no index knows: found items are read by their keys, never all of the pool to find them. */
const FREE_BY_KEY = `num_nulls(s.assigned_to) = 1 AND s.status IN ('draft', 'skipped')`;

/*
 * Nobody gets what they skipped, nor what one of those skipped who ask together with them. Whether any of them ever
 * skipped anything is asked for once and not for each item, in the same statement as these.
 */
const NOT_SKIPPED = `(NOT (SELECT EXISTS (SELECT FROM item_skips AS k WHERE k.user_id = ANY (p_users)))
          OR NOT EXISTS (SELECT FROM item_skips AS k WHERE k.item_pk = s.item_pk AND k.user_id = ANY (p_users)))`;
const TAGGED = '(p_tags IS NULL OR s.tags @> p_tags)';
const NOT_DUE = `(s.due_at IS NULL OR s.due_at >= soon)`;

/** The highest priority in the pool below another one; null when there is none. */
const bandBelow = (priority: string): string =>
  `SELECT s.priority FROM item_states AS s WHERE ${POOL} AND s.priority < ${priority} ORDER BY s.priority DESC LIMIT 1`;

/*
 * Takes up to `missing` items and returns them; in one statement, as each costs as much as three items. The limit stands
 * on the locking query itself, which is an array: joined, it may be evaluated twice and lock more. An item that was
 * changed between the statement's snapshot and the lock, and is free still, is not found by it and left for the next.
 */
const take = (where: string, order: string, free = FREE): string => `
      RETURN QUERY
      WITH changed AS (
        UPDATE item_states AS s SET version = s.version + 1, status = 'draft', assigned_to = p_users[p_for[place + taken + nth]],
          assigned_at = now(), lease_expires_at = lease, claimed_from = s.status, updated_at = now(),
          updated_by = p_actors[p_for[place + taken + nth]]
        FROM unnest(ARRAY(
          SELECT s.ctid FROM item_states AS s WHERE ${where} AND ${free} AND ${NOT_SKIPPED}
          ORDER BY ${order} LIMIT missing FOR UPDATE OF s SKIP LOCKED
        )) WITH ORDINALITY AS found (at, nth)
        WHERE s.ctid = found.at
        RETURNING s.item_pk, s.version, s.priority, s.skip_count, s.due_at, s.claimed_from, s.tags, s.assigned_to, s.updated_by,
          p_for[place + taken + nth] AS request
      ), back AS (
        -- The others stay drafts, which changes no counter of a status or a tag.
        INSERT INTO item_counts AS c (dataset_id, tag, state, shard, items)
        SELECT dataset, tag, moved.state, ${SHARD}, sum(moved.items)
        FROM changed CROSS JOIN unnest(array_prepend('', changed.tags)) AS tag
          CROSS JOIN (VALUES ('draft', 1), ('skipped', -1)) AS moved (state, items)
        WHERE changed.claimed_from = 'skipped'
        GROUP BY 2, 3 ORDER BY 2, 3
        ON CONFLICT (dataset_id, tag, state, shard) DO UPDATE SET items = c.items + excluded.items
      )
      SELECT changed.request, changed.item_pk, dataset_name, i.id::text, i.bucket, 'draft'::item_status, changed.version,
        changed.priority, changed.skip_count, changed.assigned_to, now(), lease, changed.due_at, now(), changed.updated_by
      FROM changed JOIN items AS i ON i.pk = changed.item_pk;
      GET DIAGNOSTICS got = ROW_COUNT;
      taken := taken + got;
      missing := missing - got;`;

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
 * Hands items of the pool to users: what is due within a day first, then by priority. Within a priority it starts at a
 * random place and wraps around, so that claims that run at once do not meet at the same rows (measured: ten times the
 * throughput of oldest first at 64 clients, which also walks over the dead index entries at the head). Rows that
 * others are taking just now are stepped over. A dataset that is reviewed by several by now gives nothing.
 *
 * Many requests are served together: what they share (finding, counting, planning, the transaction around it) costs most
 * of a request that comes alone. What is found is dealt out in the order of `p_for`.
 *
 * It does what `change_items` does for the action `assigned`, counters too, without what a claim never needs: the many
 * small calls are what the service is made for. An item's entry in the history is its state, see the view `item_history`.
 */
const CLAIM = `
  CREATE FUNCTION claim_items(
    p_datasets integer[], p_most integer[], p_users text[], p_actors text[], p_for integer[], p_tags text[], p_start integer,
    p_wait boolean DEFAULT true
  ) RETURNS TABLE (
    request integer, item_pk bigint, dataset text, id text, bucket uuid, status item_status, version integer, priority smallint,
    skip_count smallint, assigned_to text, assigned_at timestamptz, lease_expires_at timestamptz, due_at timestamptz,
    updated_at timestamptz, updated_by text
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
    is_due boolean;
    band smallint;
    rare bigint[];
    got integer;
    taken integer;
    place integer;
    next integer := 0;
  BEGIN
    FOR part IN 1 .. coalesce(array_length(p_datasets, 1), 0) LOOP
      dataset := p_datasets[part];
      missing := p_most[part];
      taken := 0;
      place := next;
      next := place + missing;
      IF p_wait THEN
        PERFORM pg_advisory_xact_lock_shared(${POLICY_LOCK}, dataset);
      ELSIF NOT pg_try_advisory_xact_lock_shared(${POLICY_LOCK}, dataset) THEN
        CONTINUE;
      END IF;
      SELECT d.name, now() + make_interval(mins => d.lease_minutes) INTO dataset_name, lease
      FROM datasets AS d WHERE d.id = dataset AND d.required_reviews = 1;
      CONTINUE WHEN NOT FOUND OR missing <= 0;
      rare := CASE WHEN p_tags IS NOT NULL THEN rare_items(dataset, p_tags) END;
      IF rare IS NOT NULL THEN
        ${take(
          `s.item_pk = ANY (rare) AND ${TAGGED}`,
          `CASE WHEN s.due_at < soon THEN s.due_at END, s.priority DESC, s.rnd < p_start, s.rnd`,
          FREE_BY_KEY,
        )}
      ELSE
        SELECT EXISTS (SELECT FROM item_states AS s WHERE ${POOL} AND s.due_at < soon), (${bandBelow('32767')})
        INTO is_due, band;
        IF is_due THEN
          ${take(`s.dataset_id = dataset AND s.due_at < soon AND ${TAGGED}`, 's.due_at')}
        END IF;
        WHILE missing > 0 AND band IS NOT NULL LOOP
          ${take(`s.dataset_id = dataset AND s.priority = band AND s.rnd >= p_start AND ${NOT_DUE} AND ${TAGGED}`, 's.rnd')}
          EXIT WHEN missing <= 0;
          ${take(`s.dataset_id = dataset AND s.priority = band AND s.rnd < p_start AND ${NOT_DUE} AND ${TAGGED}`, 's.rnd')}
          EXIT WHEN missing <= 0;
          band := (${bandBelow('band')});
        END LOOP;
      END IF;
      CONTINUE WHEN taken = 0;
      WITH counted AS (
        INSERT INTO item_counts AS c (dataset_id, tag, state, shard, items)
        VALUES (dataset, '', 'assigned', ${SHARD}, taken)
        ON CONFLICT (dataset_id, tag, state, shard) DO UPDATE SET items = c.items + excluded.items
      )
      INSERT INTO action_counts AS a (day, dataset_id, user_id, action, shard, items, seconds)
      SELECT (now() AT TIME ZONE 'UTC')::date, dataset, p_users[request], 'assigned', ${WORK_SHARD}, count(*), 0
      FROM unnest(p_for[place + 1 : place + taken]) AS request GROUP BY 3 ORDER BY 3
      ON CONFLICT (day, dataset_id, user_id, action, shard) DO UPDATE SET items = a.items + excluded.items;
    END LOOP;
  END $$`;

/**
 * Makes the function `claim_items`. Datasets in ascending order and how many of each, arrays of one length; user and actor
 * of each request; for each item asked for, dataset by dataset, the number of the request from 1 on. It may give fewer
 * than there are when several ask: nobody gets what one of the others skipped. Without `p_wait`, a dataset whose policy
 * is being changed gives nothing.
 */
export const CREATE_CLAIM = [RARE_ITEMS, CLAIM];

/** Takes `claim_items` away. */
export const DROP_CLAIM = ['DROP FUNCTION claim_items', 'DROP FUNCTION rare_items'];
