import { World } from './support/world.js';
it('PLAN', async () => {
  const world = await World.open({});
  await world.sql(`UPDATE export_settings SET paused = true, pause_reason='x'`);
  await world.sql(
    `INSERT INTO generated_dialogues (id, owner, submitted_by, title, category, cefr_level, content_hash) SELECT gen_random_uuid(), 'o'||(i%5), 'o', 'title', 'news', 'B1', 'x' FROM generate_series(1,300000) i`,
  );
  await world.sql(
    `INSERT INTO sync_status (dialogue_id, owner, status) SELECT id, owner, CASE WHEN random() < 0.01 THEN 'ready' WHEN random() < 0.1 THEN 'awaiting_review' ELSE 'confirmed' END FROM generated_dialogues`,
  );
  await world.sql(
    `INSERT INTO dialogue_reviews (dialogue_id, state, content) SELECT dialogue_id, CASE status WHEN 'awaiting_review' THEN 'awaiting' ELSE 'approved' END, '{}' FROM sync_status WHERE random() < 0.7`,
  );
  const out: string[] = [];
  for (const analyze of [false, true]) {
    if (analyze) await world.sql('ANALYZE');
    for (const owner of ['', `AND owner = 'o1'`]) {
      const rows = await world.sql<{
        'QUERY PLAN': string;
      }>(`EXPLAIN (ANALYZE, BUFFERS) SELECT dialogue_id AS "dialogueId", owner FROM sync_status
       WHERE status = 'ready' ${owner} AND NOT EXISTS (SELECT FROM dialogue_reviews r
  WHERE r.dialogue_id = sync_status.dialogue_id AND (r.state <> 'approved' OR r.content IS NULL))
       ORDER BY dialogue_id LIMIT 500 FOR UPDATE`);
      out.push(rows.map((r) => r['QUERY PLAN']).join('\n'));
    }
  }
  const ids = await world.sql<{ ids: string[] }>(
    `SELECT array_agg(dialogue_id) ids FROM (SELECT dialogue_id FROM sync_status WHERE status='ready' LIMIT 500) x`,
  );
  const rows = await world.sql<{ 'QUERY PLAN': string }>(
    `EXPLAIN (ANALYZE) SELECT id, title, (SELECT content FROM dialogue_reviews WHERE dialogue_id = id) AS approved FROM generated_dialogues WHERE id = ANY ($1::uuid[])`,
    [ids[0]!.ids],
  );
  out.push(rows.map((r) => r['QUERY PLAN']).join('\n'));
  console.log(out.join('\n------\n'));
  await world.close();
}, 120_000);
