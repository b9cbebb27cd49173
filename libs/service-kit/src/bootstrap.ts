import { migrate, schemaNameOf } from '@hornbook/database';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { DestinationStream, Logger } from 'pino';
import { createApplication, type Application } from './application.js';
import { loadConfig } from './config/config-class.js';
import { processEnvironment, type AnyServiceConfig } from './config/config.js';
import { collectSeldom } from './operations/collect-seldom.js';
import { collectProcessMetrics } from './operations/metrics.controller.js';
import { endOnSignals, endOnUncaughtErrors, startFailure } from './operations/process-end.js';
import { probePort } from './operations/probe-port.js';
import { releaseStartupMemory } from './operations/release-memory.js';
import type { ServiceDefinition } from './service-definition.js';
import { createLogger } from './telemetry/logger.js';
import { startTracing } from './telemetry/tracing.js';

/** How often connections that have become idle are closed while the listener ends, milliseconds. */
const IDLE_MS = 50;

/** A service that answers requests and events. */
export interface RunningService<Config = AnyServiceConfig> {
  readonly url: string;
  readonly app: NestFastifyApplication;
  readonly config: Config;
  /** Ends it in the order of architecture, messaging guarantee 6. Safe to call twice. */
  stop(): Promise<void>;
}

/** How a start differs from production's. */
export interface BootstrapOptions {
  /** Variables to read instead of the process's own. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where log lines go instead of standard output. */
  readonly logTo?: DestinationStream;
  /** Leave signals and the process's end to the caller: for tests, which run several services in one process. */
  readonly embedded?: boolean;
}

/**
 * Starts a service: configuration, traces, migrations, events, HTTP, in this order. Used by `main.ts` and by tests.
 * As a process of its own it ends on SIGTERM and SIGINT with 0, and with 1 when it cannot start or stop in time, or
 * when an error reaches nobody.
 * @throws ConfigurationError, or whatever kept it from starting, when embedded
 */
export async function bootstrap<Config extends AnyServiceConfig>(
  definition: ServiceDefinition<Config>,
  { env = processEnvironment, logTo, embedded = false }: BootstrapOptions = {},
): Promise<RunningService<Config>> {
  try {
    const config = loadConfig(definition.config, definition.name, env);
    const logger = createLogger(definition.name, config.logLevel, logTo);
    if (!embedded) endOnUncaughtErrors(logger);
    const starting = start(definition, config, logger);
    if (!embedded) endOnSignals(starting, config.shutdownGraceSeconds, logger);
    const running = await starting;
    if (!embedded) {
      collectSeldom();
      releaseStartupMemory();
    }
    return running;
  } catch (error) {
    if (embedded) throw error;
    // Standard error, as the logger may not exist yet.
    process.stderr.write(`${startFailure(definition.name, error)}\n`);
    process.exit(1);
  }
}

async function start<Config extends AnyServiceConfig>(
  definition: ServiceDefinition<Config>,
  config: Config,
  logger: Logger,
): Promise<RunningService<Config>> {
  // Before anything is begun that would have to be undone: migrations run and messages taken for nothing.
  await probePort(config.port, config.host);
  collectProcessMetrics(definition.name);
  const stopTracing = await startTracing(definition.name, definition.version, config.otlpEndpoint);
  const application = await createApplication(definition, config, logger);
  const { app, database, shutdown, messaging } = application;
  planShutdown(application, config, stopTracing);
  try {
    await database.dataSource.initialize();
    const ran = await migrate(database.dataSource, schemaNameOf(definition.name));
    if (ran.length > 0) logger.info({ msg: 'migrated', migrations: ran });
    await app.init();
    await messaging?.start();
    if (messaging) await app.startAllMicroservices();
    await app.listen(config.port, config.host);
  } catch (error) {
    await shutdown.run();
    throw error;
  }
  const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  logger.info({ msg: 'ready', url, version: definition.version });
  return { url, app, config, stop: () => shutdown.run() };
}

function planShutdown(
  { app, database, shutdown, messaging }: Application,
  config: AnyServiceConfig,
  stopTracing: () => Promise<void>,
): void {
  // Readiness says "stopping" from here on; the listener stays open so that load balancers can notice.
  shutdown.on('stop taking work', async () => {
    if (app.getHttpServer().listening) await delay(config.shutdownDelayMs);
  });
  // Closes the listener and waits for running requests; takes no further message and finishes those in hand.
  shutdown.on('finish what is in hand', () => closeListener(app));
  shutdown.on('finish what is in hand', async () => {
    await messaging?.stopConsuming();
  });
  shutdown.on('stop the relay', async () => {
    await messaging?.stopRelay();
  });
  shutdown.on('close the broker', async () => {
    await messaging?.closeTransport();
    await app.close();
  });
  shutdown.on('close the pool', () => database.close());
  shutdown.on('close the pool', stopTracing);
}

/**
 * Takes no new connection, and resolves when those there are have ended. Node closes what is idle now; a connection
 * that is answering would be kept alive after its answer, for as long as its client likes.
 */
async function closeListener(app: NestFastifyApplication): Promise<void> {
  const server: Server = app.getHttpServer();
  const closing = setInterval(() => server.closeIdleConnections(), IDLE_MS);
  try {
    await app.getHttpAdapter().close();
  } finally {
    clearInterval(closing);
  }
}
