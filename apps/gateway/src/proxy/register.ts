import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { OpenApiDocument } from '../docs/openapi-document.js';
import { MethodNotAllowedError } from '../door/door.errors.js';
import { answerProblem } from '../door/problem-reply.js';
import type { Proxy } from './proxy.js';
import type { ProxyRoute } from './routes.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answers the request in the first hook, before everything that Nest's routes need. */
    serve?: (request: FastifyRequest, reply: FastifyReply) => void;
  }
}

/** Methods that are passed on. OPTIONS is the gateway's own: it belongs to CORS. */
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

function unreachable(): never {
  throw new Error('The request was to be served before its handler');
}

/**
 * Adds the table's rows to Fastify. A documented path refuses the methods it does not have without asking its service;
 * what is not documented is passed on, and the service says what it thinks of it.
 */
export function registerProxy(
  fastify: FastifyInstance,
  routes: readonly ProxyRoute[],
  proxy: Proxy,
  document: OpenApiDocument | undefined,
): void {
  // Later hooks are never run for these routes, and Fastify never reads their bodies, which are to be streamed.
  fastify.addHook('onRequest', (request, reply, done) => {
    const { serve } = request.routeOptions.config;
    if (serve) serve(request, reply);
    else done();
  });
  for (const route of routes) {
    const refused = new Set<string>();
    for (const { template, methods: allowed } of document?.paths ?? []) {
      if (rowOf(routes, template) !== route) continue;
      const others = methods.filter((method) => !allowed.includes(method));
      if (others.length > 0) registerRefusal(fastify, route, template, others, allowed);
      if (template === route.path) for (const method of others) refused.add(method);
    }
    for (const url of [route.path, `${route.path}/*`]) {
      fastify.route({
        method: url === route.path ? methods.filter((method) => !refused.has(method)) : methods,
        url,
        exposeHeadRoute: false,
        config: { serve: (request, reply) => void proxy.serve(route, request, reply) },
        handler: unreachable,
      });
    }
  }
}

/** The row that serves a path: the most specific one. */
function rowOf(routes: readonly ProxyRoute[], path: string): ProxyRoute | undefined {
  return routes
    .filter((route) => path === route.path || path.startsWith(`${route.path}/`))
    .reduce<ProxyRoute | undefined>(
      (best, route) => (best && best.path.length >= route.path.length ? best : route),
      undefined,
    );
}

function registerRefusal(
  fastify: FastifyInstance,
  route: ProxyRoute,
  template: string,
  refused: readonly string[],
  allowed: readonly string[],
): void {
  fastify.route({
    method: [...refused],
    url: template.replace(/\{([^}]+)\}/g, ':$1'),
    exposeHeadRoute: false,
    config: {
      serve: (request, reply) => {
        answerProblem(request, reply, new MethodNotAllowedError(request.method, allowed), route.errorMembers);
      },
    },
    handler: unreachable,
  });
}
