import { createDataSource, migrate } from '@hornbook/database';
import { createTestDatabase, type TestDatabase } from '@hornbook/testing';
import { gateway } from '@hornbook/gateway';
import type { DataSource } from 'typeorm';

let database: TestDatabase;
let dataSource: DataSource;

beforeAll(async () => {
  database = await createTestDatabase({ services: ['gateway'] });
  dataSource = createDataSource({
    url: database.urlFor('gateway'),
    schema: 'gateway',
    entities: gateway.entities,
    migrations: gateway.migrations,
    applicationName: 'test',
  });
  await dataSource.initialize();
});
afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

test('the migrations make exactly the tables that the entities describe', async () => {
  await migrate(dataSource, 'gateway');
  const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
  expect(upQueries.map(({ query }) => query)).toEqual([]);
});

test('the migrations can be undone', async () => {
  await dataSource.undoLastMigration();
  const rows: unknown = await dataSource.query(
    `SELECT table_name FROM information_schema.tables WHERE table_schema = 'gateway' AND table_name = 'api_keys'`,
  );
  expect(rows).toEqual([]);
});
