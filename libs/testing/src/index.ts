export { eventually, type EventuallyOptions } from './eventually.js';
export {
  canInstallPackages,
  ensureProgram,
  findProgram,
  installPackage,
  lookUpProgram,
} from './find-program.js';
export { findRabbitmq, NoRabbitmqError, type FoundRabbitmq } from './find-rabbitmq.js';
export { expectNoLeaks, type LeakCheckOptions } from './leaks.js';
export {
  endOwnProcesses,
  liveOwnProcesses,
  startOwnedProcess,
  type OwnedProcess,
  type OwnedProcessOptions,
  type ProcessEnd,
} from './owned-process.js';
export { freePort, isPortFree } from './ports.js';
export { serverFolder } from './postgres-binaries.js';
export { startPostgres, type PostgresOptions, type PostgresServer } from './postgres-server.js';
export { startRabbitmq, type RabbitmqOptions, type RabbitmqServer } from './rabbitmq-server.js';
export { startRedis, type RedisServer } from './redis-server.js';
export { runProcess, type RunningProcess, type RunProcessOptions } from './run-process.js';
export { startTcpProxy, type ProxyMode, type TcpProxy } from './tcp-proxy.js';
export { temporaryFolder, type TemporaryFolder } from './temporary-folder.js';
export {
  createTestDatabase,
  withClient,
  type TestDatabase,
  type TestDatabaseOptions,
} from './test-database.js';
export { TEST_SERVER_VARIABLES, testPostgres, testRabbitmq, testRedis } from './test-servers.js';
