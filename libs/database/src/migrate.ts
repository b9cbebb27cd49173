import type { DataSource } from 'typeorm';

/** Any number; one per database is enough, as a service only ever migrates its own schema. */
const MIGRATION_LOCK = 7_210_001;

/**
 * Runs the pending migrations of the service's schema, all of them in one transaction. Replicas that start together
 * take turns; the later ones find nothing to do.
 * @returns names of the migrations that ran
 */
export async function migrate(dataSource: DataSource, schema: string): Promise<string[]> {
  const runner = dataSource.createQueryRunner();
  await runner.connect();
  try {
    await runner.query('SELECT pg_advisory_lock($1, hashtext($2))', [MIGRATION_LOCK, schema]);
    try {
      const ran = await dataSource.runMigrations({ transaction: 'all' });
      return ran.map((migration) => migration.name);
    } finally {
      await runner.query('SELECT pg_advisory_unlock($1, hashtext($2))', [MIGRATION_LOCK, schema]);
    }
  } finally {
    await runner.release();
  }
}

/** Whether every migration of this build has run on the schema. */
export async function isMigrated(dataSource: DataSource): Promise<boolean> {
  return !(await dataSource.showMigrations());
}
