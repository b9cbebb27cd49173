import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import { createTestDatabase, eventually, expectNoLeaks, type TestDatabase } from '@hornbook/testing';
import { createDataSource, isMigrated, migrate } from '../src/index.js';

type Up = (runner: QueryRunner) => Promise<unknown>;
type Migration = new () => MigrationInterface;

/** A migration of that name; TypeORM reads its place in the order from the number at the end. */
function migration(name: string, up: Up): Migration {
  return class implements MigrationInterface {
    readonly name = name;
    up(runner: QueryRunner): Promise<void> {
      return up(runner).then(() => undefined);
    }
    down(): Promise<void> {
      return Promise.resolve();
    }
  };
}

const sql =
  (statement: string): Up =>
  (runner) =>
    runner.query(statement);

describe('migrations', () => {
  let testDatabase: TestDatabase;
  const opened: DataSource[] = [];

  beforeEach(async () => {
    testDatabase = await createTestDatabase({ services: ['exporter'] });
  });

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((dataSource) => dataSource.destroy()));
    await expectNoLeaks({ databases: [testDatabase] });
    await testDatabase.drop();
  });

  /** A replica's data source, connected. */
  async function replica(
    migrations: Migration[],
    { poolSize = 2, statementTimeoutMs }: { poolSize?: number; statementTimeoutMs?: number } = {},
  ): Promise<DataSource> {
    const dataSource = createDataSource({
      url: testDatabase.urlFor('exporter'),
      schema: 'exporter',
      entities: [],
      migrations,
      applicationName: 'migrate-test',
      poolSize,
      ...(statementTimeoutMs === undefined ? {} : { statementTimeoutMs }),
    });
    await dataSource.initialize();
    opened.push(dataSource);
    return dataSource;
  }

  const tables = async (dataSource: DataSource): Promise<string[]> => {
    const rows: { name: string }[] = await dataSource.query(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'exporter' ORDER BY 1`,
    );
    return rows.map(({ name }) => name);
  };

  test('run in order, once, and say which', async () => {
    const dataSource = await replica([
      migration('AddColumn1700000000002', sql('ALTER TABLE batches ADD COLUMN note text')),
      migration('MakeTable1700000000001', sql('CREATE TABLE batches (id integer)')),
    ]);
    expect(await isMigrated(dataSource)).toBe(false);
    expect(await migrate(dataSource, 'exporter')).toEqual([
      'MakeTable1700000000001',
      'AddColumn1700000000002',
    ]);
    expect(await isMigrated(dataSource)).toBe(true);
    expect(await migrate(dataSource, 'exporter')).toEqual([]);
  });

  test('are pending again for a newer build', async () => {
    const first = migration('MakeTable1700000000001', sql('CREATE TABLE batches (id integer)'));
    await migrate(await replica([first]), 'exporter');
    const newer = await replica([
      first,
      migration('AddTable1700000000002', sql('CREATE TABLE items (id integer)')),
    ]);
    expect(await isMigrated(newer)).toBe(false);
    expect(await migrate(newer, 'exporter')).toEqual(['AddTable1700000000002']);
  });

  test('asking whether they have run changes nothing', async () => {
    const dataSource = await replica([
      migration('MakeTable1700000000001', sql('CREATE TABLE batches (id integer)')),
    ]);
    await isMigrated(dataSource);
    expect(await tables(dataSource)).toEqual([]);
  });

  test('of which one fails leave nothing behind, the earlier ones included', async () => {
    const dataSource = await replica([
      migration('MakeTable1700000000001', sql('CREATE TABLE batches (id integer)')),
      migration('Broken1700000000002', sql('SELECT 1 / 0')),
    ]);
    await expect(migrate(dataSource, 'exporter')).rejects.toThrow('division by zero');
    expect(await tables(dataSource)).toEqual([]);
    await expect(migrate(dataSource, 'exporter')).rejects.toThrow('division by zero');
  });

  test('of two replicas that start together run once; the second one waits, however long it takes, and finds nothing to do', async () => {
    const begun = Promise.withResolvers<undefined>();
    const mayEnd = Promise.withResolvers<undefined>();
    const slow = migration('MakeTable1700000000001', async (runner) => {
      await runner.query('CREATE TABLE batches (id integer)');
      begun.resolve(undefined);
      await mayEnd.promise;
    });
    const statementTimeoutMs = 100;
    const [one, two] = [await replica([slow]), await replica([slow], { statementTimeoutMs })];
    const first = migrate(one, 'exporter');
    await begun.promise;
    const second = migrate(two, 'exporter');
    await eventually(
      async () => {
        const waiting: unknown[] = await one.query(
          `SELECT 1 FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event = 'advisory' AND now() - query_start > '300 ms'`,
        );
        return waiting.length === 1;
      },
      { description: 'the second replica to wait for longer than its statements may take' },
    );
    mayEnd.resolve(undefined);
    expect(await first).toEqual(['MakeTable1700000000001']);
    expect(await second).toEqual([]);
  });

  test('may take longer than a statement may; afterwards the limit holds again', async () => {
    const dataSource = await replica([migration('Slow1700000000001', sql('SELECT pg_sleep(0.3)'))], {
      poolSize: 1,
      statementTimeoutMs: 100,
    });
    expect(await migrate(dataSource, 'exporter')).toHaveLength(1);
    await expect(dataSource.query('SELECT pg_sleep(5)')).rejects.toThrow('statement timeout');
  });
});
