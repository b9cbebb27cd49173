import { Database, createDataSource } from '@hornbook/database';
import { createMessagingTables } from '../../src/messaging-tables.js';

/** Connects as a service; `migrate` makes the messaging tables and the ledger of effects. */
export async function openDatabase(url: string, schema: string, migrate = true): Promise<Database> {
  const dataSource = createDataSource({
    url,
    schema,
    entities: [],
    migrations: [],
    applicationName: schema,
    poolSize: 15,
  });
  await dataSource.initialize();
  if (migrate) {
    const runner = dataSource.createQueryRunner();
    await createMessagingTables(runner);
    await runner.query('CREATE TABLE ledger (id bigserial PRIMARY KEY, consumer text, key text, n integer)');
    await runner.release();
  }
  return new Database(dataSource);
}
