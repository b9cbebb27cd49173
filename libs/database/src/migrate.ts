import { MigrationExecutor, type DataSource } from 'typeorm';

/** Any number; one per database is enough, as a service only ever migrates its own schema. */
const MIGRATION_LOCK = 7_210_001;

/**
 * Runs the pending migrations of the service's schema, all of them in one transaction. Replicas that start together
 * take turns; the later ones find nothing to do.
 * @returns names of the migrations that ran
 */
export async function migrate(dataSource: DataSource, schema: string): Promise<string[]> {
  return dataSource.transaction(async (tx) => {
    // An index over a large table takes longer than a request may, and waiting for the replica that makes it too.
    await tx.query('SET LOCAL statement_timeout = 0');
    await tx.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [MIGRATION_LOCK, schema]);
    const ran = await new MigrationExecutor(dataSource, tx.queryRunner).executePendingMigrations();
    return ran.map((migration) => migration.name);
  });
}

/** Whether every migration of this build has run on the schema. */
export async function isMigrated(dataSource: DataSource): Promise<boolean> {
  const pending = await new MigrationExecutor(dataSource).getPendingMigrations();
  return pending.length === 0;
}
