import { startWorld, type World } from './support/world.js';

it('scale', async () => {
  const world: World = await startWorld();
  await world.sql(
    `INSERT INTO snapshots (id, datasets, tags, created_by) VALUES ('0197d0a4-3f5c-7abc-8def-0123456789ab', '{}', '{}', 'x')`,
  );
  await world.sql(
    `INSERT INTO snapshot_contents SELECT sha256(convert_to('c'||n, 'UTF8')), repeat('content ', 70)||n FROM generate_series(1,100000) n`,
  );
  await world.sql(
    `INSERT INTO snapshot_items SELECT '0197d0a4-3f5c-7abc-8def-0123456789ab', 'big', 'i'||n, 1, sha256(convert_to('c'||n, 'UTF8')) FROM generate_series(1,100000) n`,
  );
  for (const vac of [false, true]) {
    if (vac) await world.sql('VACUUM ANALYZE');
    const rows = await world.sql<{ 'QUERY PLAN': string }>(
      `EXPLAIN (ANALYZE, BUFFERS) WITH page AS MATERIALIZED (
    SELECT dataset, id, hash FROM snapshot_items
    WHERE snapshot_id = $1 AND (dataset, id) > ($2, $3) ORDER BY dataset, id LIMIT $4
  )
  SELECT dataset, id, (SELECT content FROM snapshot_contents WHERE snapshot_contents.hash = page.hash) AS content
  FROM page ORDER BY dataset, id`,
      ['0197d0a4-3f5c-7abc-8def-0123456789ab', 'big', 'i50000', 500],
    );
    process.stderr.write(rows.map((r) => r['QUERY PLAN']).join('\n') + '\n');
  }
  await world.stop();
}, 300_000);
