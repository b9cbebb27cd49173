/** What may be handed out; the predicate of the indexes `item_states_pool` and `item_states_due`. */
const POOL = `s.dataset_id = dataset AND s.assigned_to IS NULL AND s.status IN ('draft', 'skipped')`;

const FOR_CALLER = `(p_tags IS NULL OR s.tags @> p_tags)
        AND NOT EXISTS (SELECT FROM item_skips AS k WHERE k.user_id = p_user AND k.item_pk = s.item_pk)`;

const NOT_DUE = `(s.due_at IS NULL OR s.due_at >= soon)`;

const pick = (where: string, order: string): string => `
      RETURN QUERY SELECT s.item_pk, s.version FROM item_states AS s
        WHERE ${POOL} AND ${where}
        AND ${FOR_CALLER}
        ORDER BY ${order} LIMIT missing FOR UPDATE OF s SKIP LOCKED;
      GET DIAGNOSTICS got = ROW_COUNT;
      missing := missing - got;`;

/*
 * Locks items of the pool for a claim: what is due within a day first, then by priority. Within a priority it starts
 * at a random place and wraps around, so that claims that run at once do not meet at the same rows (measured: ten
 * times the throughput of oldest first at 64 clients, which also walks over the dead index entries at the head).
 * Rows that others are taking just now are stepped over. The limit stands on the locking query itself: in a subquery
 * of an UPDATE it may be evaluated twice and lock more.
 */
/** Makes the function `pick_items`. Datasets and how many of each come as arrays of the same length. */
export const PICK_ITEMS = `
  CREATE FUNCTION pick_items(p_datasets integer[], p_most integer[], p_user text, p_tags text[], p_start integer)
  RETURNS TABLE (item_pk bigint, version integer) LANGUAGE plpgsql
    -- The limit is not known when the plan is made; walking along the index is right for every one.
    SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
    SET enable_hashjoin = off SET enable_mergejoin = off
  AS $$
  #variable_conflict use_column
  DECLARE
    dataset integer;
    missing integer;
    got integer;
    band smallint;
    soon CONSTANT timestamptz := now() + interval '24 hours';
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
  END $$`;

/** Takes `pick_items` away. */
export const DROP_PICK_ITEMS = 'DROP FUNCTION pick_items';
