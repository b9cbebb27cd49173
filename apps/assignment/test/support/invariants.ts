import type { World } from './world.js';

/** Statements that find what must never be; each with the rule that it would break. */
const violations: Readonly<Record<string, string>> = {
  'a draft alone has a holder, and a holder has a time': `
    SELECT item_pk FROM item_states WHERE (assigned_to IS NULL) <> (assigned_at IS NULL) OR (assigned_to IS NOT NULL AND status <> 'draft')`,
  'each version but the first has its entry in the history': `
    SELECT s.item_pk FROM item_states s LEFT JOIN item_history e USING (item_pk) GROUP BY s.item_pk
    HAVING count(e.item_pk) <> s.version - 1 OR coalesce(max(e.version), 1) <> s.version OR coalesce(min(e.version), 2) <> 2`,
  'an entry begins where the one before it ended': `
    SELECT item_pk FROM (SELECT *, lag(to_status) OVER w AS before, lag(to_user) OVER w AS whose FROM item_history
      WINDOW w AS (PARTITION BY item_pk ORDER BY version)) AS e
    WHERE version > 2 AND (before <> from_status OR whose IS DISTINCT FROM from_user)`,
  'the last entry tells the state': `
    SELECT s.item_pk FROM item_states s JOIN item_history e ON e.item_pk = s.item_pk AND e.version = s.version
    WHERE e.to_status <> s.status OR e.to_user IS DISTINCT FROM s.assigned_to`,
  'counters of items equal a scan': `
    SELECT * FROM (
      SELECT dataset_id, tag, state, sum(items) AS items FROM item_counts GROUP BY 1, 2, 3 HAVING sum(items) <> 0
    ) AS kept FULL JOIN (
      SELECT dataset_id, '' AS tag, status::text AS state, count(*) AS items FROM item_states GROUP BY 1, 3
      UNION ALL SELECT dataset_id, '', 'assigned', count(*) FROM item_states WHERE assigned_to IS NOT NULL GROUP BY 1
      UNION ALL SELECT dataset_id, tag, status::text, count(*) FROM item_states, unnest(tags) AS tag GROUP BY 1, 2, 3
    ) AS scanned USING (dataset_id, tag, state)
    WHERE kept.items IS DISTINCT FROM scanned.items`,
  'counters of work equal a scan of the history': `
    SELECT * FROM (
      SELECT dataset_id, action, sum(items) AS items FROM action_counts WHERE action <> 'imported' GROUP BY 1, 2
    ) AS kept FULL JOIN (
      SELECT i.dataset_id, e.action, count(*) AS items FROM item_history e JOIN items i ON i.pk = e.item_pk GROUP BY 1, 2
    ) AS scanned USING (dataset_id, action)
    WHERE kept.items IS DISTINCT FROM scanned.items`,
  'tags stand in both tables alike': `
    SELECT pk FROM items JOIN item_states ON item_pk = pk WHERE items.tags <> item_states.tags`,
};

/** What holds of the tables at any moment. */
export async function expectInvariants(world: World): Promise<void> {
  for (const [rule, sql] of Object.entries(violations)) {
    expect({ rule, broken: await world.sql(sql) }).toEqual({ rule, broken: [] });
  }
}
