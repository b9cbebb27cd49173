import { Database } from '@hornbook/database';
import { startWorld, type World } from './support/world.js';

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly Plans?: readonly PlanNode[];
}

describe('the schema', () => {
  let world: World;
  let database: Database;
  beforeAll(async () => {
    world = await startWorld();
    database = world.app.get(Database);
  });
  afterAll(() => world.stop());

  it('made by the migrations is the one the entities describe', async () => {
    const { upQueries } = await database.dataSource.driver.createSchemaBuilder().log();

    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('goes away with its migrations and comes back', async () => {
    const tables = (): Promise<unknown[]> =>
      world.sql(
        `SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'S') ORDER BY relname`,
      );
    const before = await tables();

    await database.dataSource.undoLastMigration({ transaction: 'all' });
    const left = (await tables()) as { relname: string }[];
    await database.dataSource.runMigrations({ transaction: 'all' });

    expect(left.map(({ relname }) => relname).filter((name) => !name.startsWith('migrations'))).toEqual([]);
    expect(await tables()).toEqual(before);
  });
});

describe('on filled tables', () => {
  let world: World;
  let database: Database;
  beforeAll(async () => {
    world = await startWorld();
    database = world.app.get(Database);
    await world.sql(
      `INSERT INTO categories (name) SELECT name FROM unnest(ARRAY['Travel', 'General', 'Health', 'Technology']) AS name`,
    );
    await world.sql(`INSERT INTO import_batches (batch_id, source, payload_hash, status)
      SELECT 'batch-2026-01-01-' || lpad(n::text, 6, '0'), 'source ' || n % 50, '', CASE WHEN n % 100 = 0 THEN 'failed' ELSE 'completed' END
      FROM generate_series(1, 5000) AS n`);
    // One dialogue of a hundred is what the filters ask for: for a value that every other row has, going through the
    // newest rows is as good as any index.
    await world.sql(`INSERT INTO dialogs (title, category_id, difficulty_level, accent, source, import_batch_id, search)
      SELECT 'Dialogue ' || n, CASE WHEN rare THEN 3 ELSE 1 END, CASE WHEN rare THEN 'advanced' ELSE 'beginner' END,
        CASE WHEN rare THEN 'irish' ELSE 'british' END, CASE WHEN rare THEN 'source 7' ELSE 'source 8' END,
        1 + n % 5000, to_tsvector('content', 'Dialogue ' || n || ' word' || n % 997)
      FROM (SELECT n, n % 100 = 0 AS rare FROM generate_series(1, 20000) AS n) AS numbers`);
    await world.sql(`INSERT INTO phrases (dialog_id, reference_text, "order", difficulty)
      SELECT dialog, 'Phrase ' || place, place, 'beginner' FROM generate_series(1, 20000) AS dialog, generate_series(1, 2) AS place`);
    // Also moves the newest entries of the search index to where a scan is quick, as autovacuum does.
    await world.sql('VACUUM ANALYZE');
  });
  afterAll(() => world.stop());

  /** Statements that a request runs, with their parameters. */
  const statementsOf = async (path: string): Promise<{ sql: string; parameters: unknown[] }[]> => {
    const seen: { sql: string; parameters: unknown[] }[] = [];
    const { dataSource } = database;
    const plain = dataSource.logger;
    dataSource.logger = {
      ...plain,
      logQuery: (sql: string, parameters?: unknown[]) => seen.push({ sql, parameters: parameters ?? [] }),
    };
    try {
      expect((await world.call(path)).status).toBe(200);
    } finally {
      dataSource.logger = plain;
    }
    return seen.filter(({ sql }) =>
      /FROM "?(content_import"?\."?)?(dialogs|phrases|import_batches|categories)/.test(sql),
    );
  };

  const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

  it.each([
    ['/api/v1/dialogs?limit=50', 'dialogs_pkey'],
    ['/api/v1/dialogs?limit=50&category=Health', 'idx_dialogs_category'],
    ['/api/v1/dialogs?limit=50&difficulty=advanced', 'idx_dialogs_difficulty_level'],
    ['/api/v1/dialogs?limit=50&accent=irish', 'idx_dialogs_accent'],
    ['/api/v1/dialogs?limit=50&source=source%207', 'idx_dialogs_source'],
    ['/api/v1/dialogs?limit=50&batch=batch-2026-01-01-000042', 'idx_dialogs_import_batch'],
    ['/api/v1/dialogs?limit=50&q=word123', 'idx_dialogs_search'],
    [`/api/v1/dialogs?limit=50&cursor=${Buffer.from('[9000]').toString('base64url')}`, 'dialogs_pkey'],
    ['/api/v1/dialogs/4711', 'phrases_dialog_id_order_key'],
    ['/api/v1/admin/bulk-import?limit=50', 'import_batches_pkey'],
    ['/api/v1/admin/bulk-import?limit=50&source=source%207', 'idx_import_batches_source'],
    ['/api/v1/admin/bulk-import?limit=50&status=failed', 'idx_import_batches_status'],
    ['/api/v1/admin/bulk-import/batch-2026-01-01-000042', 'import_batches_batch_id_key'],
  ])('%s reads by the index %s and never a whole table', async (path, index) => {
    const statements = await statementsOf(path);
    expect(statements.length).toBeGreaterThan(0);

    const plans: PlanNode[] = [];
    for (const { sql, parameters } of statements) {
      const [row] = await world.sql<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
        `EXPLAIN (FORMAT JSON) ${sql}`,
        parameters,
      );
      if (row) plans.push(...nodesOf(row['QUERY PLAN'][0].Plan));
    }

    expect(plans.map((node) => node['Index Name'])).toContain(index);
    const scanned = plans
      .filter((node) => node['Node Type'] === 'Seq Scan')
      .map((node) => node['Relation Name']);
    // Four categories stand on one page; no index is faster.
    expect(scanned.filter((table) => table !== 'categories')).toEqual([]);
  });
});
