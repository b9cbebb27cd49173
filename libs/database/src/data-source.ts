import { DataSource, type DataSourceOptions } from 'typeorm';

/** What a service says of its database. */
export interface DatabaseOptions {
  /** `postgres://role:password@host:port/database`; the role's search path is its own schema. */
  readonly url: string;
  /** The service's schema. */
  readonly schema: string;
  readonly entities: NonNullable<DataSourceOptions['entities']>;
  readonly migrations: NonNullable<DataSourceOptions['migrations']>;
  /** Most connections of this process. Default 10. */
  readonly poolSize?: number;
  /** Name shown in `pg_stat_activity`. */
  readonly applicationName: string;
  /** Longest statement, milliseconds. Default 30,000. */
  readonly statementTimeoutMs?: number;
}

/** A data source over the service's own schema; not connected yet. Tables are made by migrations only. */
export function createDataSource(options: DatabaseOptions): DataSource {
  return new DataSource({
    type: 'postgres',
    url: options.url,
    schema: options.schema,
    entities: options.entities,
    migrations: options.migrations,
    migrationsTableName: 'migrations',
    synchronize: false,
    // The default one writes to standard output beside the log; what fails is thrown as well.
    logger: 'debug',
    poolSize: options.poolSize ?? 10,
    applicationName: options.applicationName,
    connectTimeoutMS: 10_000,
    extra: {
      statement_timeout: options.statementTimeoutMs ?? 30_000,
      // A transaction that its process forgot must not hold locks for ever.
      idle_in_transaction_session_timeout: 60_000,
      keepAlive: true,
    },
  });
}
