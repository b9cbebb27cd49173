import { createDataSource, migrate, schemaNameOf } from '@hornbook/database';
import { createTestDatabase } from '@hornbook/testing';
import type { DataSource } from 'typeorm';
import { services } from '../generate/services.ts';

/** The statements that TypeORM would still run after all migrations: none when entities and migrations agree. */
async function driftOf(dataSource: DataSource, schema: string): Promise<string[]> {
  await dataSource.initialize();
  try {
    await migrate(dataSource, schema);
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    return upQueries.map(({ query }) => query);
  } finally {
    await dataSource.destroy();
  }
}

const failures: string[] = [];
for (const { name, entities, migrations } of services) {
  const database = await createTestDatabase({ services: [name] });
  const schema = schemaNameOf(name);
  const dataSource = createDataSource({
    url: database.urlFor(name),
    schema,
    entities,
    migrations,
    applicationName: 'migration-drift',
  });
  try {
    const drift = await driftOf(dataSource, schema);
    if (drift.length > 0)
      failures.push(`${name}: the entities want what no migration makes:\n  ${drift.join('\n  ')}`);
  } catch (error) {
    failures.push(
      `${name}: the migrations fail on an empty database: ${error instanceof Error ? error.message : String(error)}`,
    );
  } finally {
    await database.drop();
  }
}
process.stdout.write(failures.length > 0 ? `${failures.join('\n')}\n` : 'Entities and migrations agree.\n');
process.exitCode = failures.length > 0 ? 1 : 0;
