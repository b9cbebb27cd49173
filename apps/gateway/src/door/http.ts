import fastifyCors from '@fastify/cors';
import fastifyHelmet from '@fastify/helmet';
import { attachIdentity, IdentitySigner, type HttpParts } from '@hornbook/service-kit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { ApiKeyLookup } from '../api-keys/api-key-lookup.js';
import { Authenticator } from '../authentication/authenticator.js';
import { JwtVerifier } from '../authentication/jwt.js';
import { RemoteKeys } from '../authentication/remote-keys.js';
import { addressList, type GatewayConfig } from '../config.js';
import { docsPages } from '../docs/docs-pages.js';
import { OpenApiFile } from '../docs/openapi-file.js';
import type { OpenApiDocument } from '../docs/openapi-document.js';
import { registerProxy } from '../proxy/register.js';
import { Proxy } from '../proxy/proxy.js';
import { routesOf, servicesOf } from '../proxy/routes.js';
import { Upstream } from '../proxy/upstream.js';
import { RateLimits } from '../rate-limits/rate-limits.js';
import { Door } from './door.js';
import { MethodNotAllowedError } from './door.errors.js';
import { answerProblem, pathOf, shownProblem } from './problem-reply.js';

/** Headers of answers that pages of other origins may read. */
const exposedHeaders = [
  'ETag',
  'Location',
  'Retry-After',
  'X-Request-Id',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
];

/** Probes and scrapes from inside the cluster: never limited, or a flood outside would get the gateway restarted. */
const probes = new Set(['/health/live', '/health/ready', '/metrics']);

/** For the gateway's own pages. Swagger UI sets styles inline; nothing comes from elsewhere. */
const contentSecurityPolicy = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'self'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", 'data:'],
    objectSrc: ["'none'"],
    baseUri: ["'none'"],
    formAction: ["'self'"],
    frameAncestors: ["'none'"],
  },
};

function limitsOf(config: GatewayConfig, logger: Logger): RateLimits {
  return new RateLimits({
    windowSeconds: config.rateWindowSeconds,
    most: {
      caller: config.ratePerCaller,
      address: config.ratePerAddress,
      failed_authentications: config.rateFailedAuthentications,
    },
    redisUrl: config.redisUrl,
    logger,
  });
}

function jwtsOf(config: GatewayConfig, logger: Logger): JwtVerifier | undefined {
  const { authJwtSecret: secret, authJwksUrl: url, authJwtIssuer, authJwtAudience } = config;
  const trust =
    secret !== undefined ? { secret } : url !== undefined ? { keys: new RemoteKeys(url, logger) } : undefined;
  return trust && new JwtVerifier(trust, authJwtIssuer, authJwtAudience);
}

function upstreamsOf(config: GatewayConfig): Map<string, Upstream> {
  const limits = {
    connections: config.upstreamConnections,
    waiting: config.upstreamWaiting,
    connectTimeoutMs: config.upstreamConnectTimeoutMs,
  };
  return new Map(servicesOf(config).map((service) => [service.name, new Upstream(service, limits)]));
}

/**
 * Puts the door into Fastify: first the proxied routes, which run none of the hooks that follow, then what the
 * gateway's own routes need. Nothing is connected before the server is ready.
 */
export async function configureHttp(
  fastify: FastifyInstance,
  config: GatewayConfig,
  { database, shutdown, logger }: HttpParts,
): Promise<void> {
  const limits = limitsOf(config, logger);
  const signer = await IdentitySigner.create(config.identityPrivateKey);
  const dev = config.authMode === 'dev';
  const authenticator = new Authenticator(
    signer,
    new ApiKeyLookup(database, logger),
    jwtsOf(config, logger),
    dev,
  );
  const trusted = config.trustedProxies.length > 0 ? addressList(config.trustedProxies) : undefined;
  const door = new Door(authenticator, limits, trusted);
  const upstreams = upstreamsOf(config);
  const file = new OpenApiFile(config.openApiPath);
  const document = await file.ifReadable();

  if (config.corsOrigins.length > 0) {
    await fastify.register(fastifyCors, { origin: config.corsOrigins, exposedHeaders, maxAge: 600 });
  }
  registerProxy(fastify, routesOf(config), new Proxy(door, upstreams, logger), document);
  await fastify.register(fastifyHelmet, { contentSecurityPolicy });
  fastify.addHook('onRequest', (request, reply) => admit(door, document, logger, request, reply));
  await fastify.register(docsPages);
  letDoorDecideToContinue(fastify);

  fastify.addHook('onReady', async () => {
    await file.document();
    if (dev) logger.warn({ msg: 'AUTH_MODE=dev: whoever reaches this port is whoever X-User-Id says' });
    await limits.open();
  });
  shutdown.on('close the broker', async () => {
    limits.close();
    await Promise.all([...upstreams.values()].map((upstream) => upstream.destroy()));
  });
}

/** The door of the gateway's own routes. Those of its API need a caller; pages, documentation and health do not. */
async function admit(
  door: Door,
  document: OpenApiDocument | undefined,
  logger: Logger,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  const path = pathOf(request.url);
  if (probes.has(path)) return undefined;
  try {
    const isPublic = !path.startsWith('/v1/');
    const { identity } = await door.enter(request, reply, { public: isPublic || request.is404 });
    if (identity) attachIdentity(request, identity);
    const methods = request.is404 ? document?.methodsFor(path) : undefined;
    if (methods) throw new MethodNotAllowedError(request.method, methods);
    if (request.headers.expect !== undefined) reply.raw.writeContinue();
    return undefined;
  } catch (error) {
    const shown = shownProblem(error);
    if (!shown) logger.error({ msg: 'request failed', request_id: request.id, err: error });
    answerProblem(request, reply, shown);
    return reply;
  }
}

/** Node would say "100 Continue" by itself; here nobody is asked for a body before it is known to be welcome. */
function letDoorDecideToContinue(fastify: FastifyInstance): void {
  fastify.server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    fastify.server.emit('request', request, response);
  });
}
