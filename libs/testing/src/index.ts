export { eventually, type EventuallyOptions } from './eventually.js';
export { canInstallPackages, ensureProgram, findProgram, installPackage, lookUpProgram } from './find-program.js';
export { findRabbitmq, NoRabbitmqError, type FoundRabbitmq } from './find-rabbitmq.js';
export { endOwnProcesses, liveOwnProcesses, type ProcessEnd } from './owned-process.js';
export { freePort, isPortFree } from './ports.js';
export { startPostgres, type PostgresOptions, type PostgresServer } from './postgres-server.js';
export { startRabbitmq, type RabbitmqOptions, type RabbitmqServer } from './rabbitmq-server.js';
export { runProcess, type RunningProcess, type RunProcessOptions } from './run-process.js';
export { temporaryFolder, type TemporaryFolder } from './temporary-folder.js';
