import 'reflect-metadata';
import { REQUEST_ID_HEADER } from '@hornbook/contracts';
import { createDataSource, Database, schemaNameOf } from '@hornbook/database';
import { MessageTransport, Messaging, MessagingServer, type MessagingOptions } from '@hornbook/messaging';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { AnyServiceConfig } from './config/config.js';
import { createReadiness, READINESS } from './operations/readiness.js';
import { Shutdown } from './operations/shutdown.js';
import { answerProblem, asProblem, ProblemFilter } from './problems/problem.filter.js';
import { answerUnreadable } from './problems/unreadable-request.js';
import { ValidationPipe } from './problems/validation.pipe.js';
import type { ServiceDefinition } from './service-definition.js';
import { ServiceModule } from './service.module.js';
import { NestLogger } from './telemetry/logger.js';
import { observeRequests, requestId } from './telemetry/request-flow.js';

/** Default limit of a request body, bytes. */
const BODY_LIMIT = 1_048_576;
/** Longest time a client may take to send its headers and body, milliseconds. */
const REQUEST_TIMEOUT_MS = 120_000;

/** A service put together but not started: nothing is connected, no port is open. */
export interface Application {
  readonly app: NestFastifyApplication;
  readonly database: Database;
  readonly shutdown: Shutdown;
  readonly messaging: Messaging | undefined;
}

/** How a service's events travel; undefined for a service that has none. */
function messagingOptions(
  name: string,
  config: AnyServiceConfig,
  logger: Logger,
): MessagingOptions | undefined {
  const { rabbitmqUrl, messagingDatabaseUrl, messagingNamespace, messagingRetryDelaysMs } = config;
  if (messagingNamespace === undefined) return undefined;
  const transport = rabbitmqUrl
    ? { kind: 'rabbitmq' as const, url: rabbitmqUrl }
    : { kind: 'postgres' as const, url: messagingDatabaseUrl ?? '' };
  return {
    service: name,
    transport,
    namespace: messagingNamespace,
    logger: logger.child({ context: 'messaging' }),
    ...(messagingRetryDelaysMs ? { retryDelaysMs: messagingRetryDelaysMs } : {}),
  };
}

/** Puts a service together. `bootstrap` starts it; the documentation tools only look at it. */
export async function createApplication<Config extends AnyServiceConfig>(
  definition: ServiceDefinition<Config>,
  config: Config,
  logger: Logger,
): Promise<Application> {
  const database = new Database(
    createDataSource({
      url: config.databaseUrl,
      schema: schemaNameOf(definition.name),
      entities: definition.entities,
      migrations: definition.migrations,
      poolSize: config.databasePoolSize,
      applicationName: `hornbook-${definition.name}`,
    }),
  );
  const shutdown = new Shutdown(logger);
  const messaging = messagingOptions(definition.name, config, logger);
  const bodyLimit = definition.bodyLimit ?? BODY_LIMIT;
  const adapter = new FastifyAdapter({
    logger: false,
    bodyLimit,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: 72_000,
    forceCloseConnections: 'idle',
    // Whoever still sends on an open connection while we end is served, and told to close it: no spurious 503.
    return503OnClosing: false,
    clientErrorHandler: answerUnreadable,
    // What the router itself refuses; no hook and no filter sees it.
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      void reply.header(REQUEST_ID_HEADER, request.id);
      void answerProblem(request, reply, asProblem(error, bodyLimit), definition.errorMembers);
    },
    genReqId: requestId,
    routerOptions: { ignoreTrailingSlash: true },
  });
  const fastify = adapter.getInstance<FastifyInstance>();
  // Fastify's own parser of plain text would hand a text to routes that expect JSON.
  fastify.removeContentTypeParser('text/plain');
  observeRequests(fastify, logger);
  // Told in time, a client does not send its next request on a connection that is about to be closed.
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    if (shutdown.begun) void reply.header('connection', 'close');
    done();
  });
  await definition.configureHttp?.(fastify, config, { database, shutdown, logger });
  const needs = { service: definition.name, version: definition.version, shutdown, database };
  const readiness = messaging
    ? {
        provide: READINESS,
        inject: [MessageTransport],
        useFactory: (transport: MessageTransport) => createReadiness({ ...needs, transport }),
      }
    : { provide: READINESS, useValue: createReadiness(needs) };
  const app = await NestFactory.create<NestFastifyApplication>(
    ServiceModule.of({ definition, config, database, shutdown, messaging, providers: [readiness] }),
    adapter,
    { bodyParser: false, logger: new NestLogger(logger), abortOnError: false },
  );
  app.useGlobalPipes(new ValidationPipe());
  app.useGlobalFilters(new ProblemFilter(bodyLimit, definition.errorMembers));
  if (messaging) app.connectMicroservice({ strategy: app.get(MessagingServer) }, { inheritAppConfig: false });
  return { app, database, shutdown, messaging: messaging ? app.get(Messaging) : undefined };
}
