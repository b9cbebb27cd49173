export { onCommit, requireTransaction } from './after-commit.js';
export { createDataSource, type DatabaseOptions } from './data-source.js';
export { Database, queryRows, type Tx } from './database.js';
export { isMigrated, migrate } from './migrate.js';
export { isConnectionFailure, isUniqueViolation, sqlState, violatedConstraint } from './postgres-errors.js';
export { provision, schemaNameOf, serviceDatabaseUrl, type ServiceSchema } from './provision.js';
export { textRows } from './raw-rows.js';
export { Together, type Outcome, type TogetherOptions } from './together.js';
