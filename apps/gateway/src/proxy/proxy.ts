import { NotFoundError, requestContext } from '@hornbook/service-kit';
import { isSpanContextValid, propagation, trace } from '@opentelemetry/api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Door } from '../door/door.js';
import { answerProblem, pathOf, shownProblem } from '../door/problem-reply.js';
import { Exchange } from './exchange.js';
import { headersForService } from './headers.js';
import {
  AmbiguousPathError,
  PayloadTooLargeError,
  problemOfFailure,
  TransferCodingError,
} from './proxy.errors.js';
import type { ProxyRoute } from './routes.js';
import { dropRest } from './upload.js';
import type { Upstream } from './upstream.js';

/** A segment `.` or `..`, also when its dots are percent-encoded. */
const dotSegment = /\/(?:\.|%2e){1,2}(?:\/|$)/i;

/** Passes requests to services. It runs on Fastify itself: Nest's pipeline would cost more than all of this. */
export class Proxy {
  constructor(
    private readonly door: Door,
    private readonly upstreams: ReadonlyMap<string, Upstream>,
    private readonly logger: Logger,
  ) {}

  /** Serves one request of `route`; answers every failure itself. */
  async serve(route: ProxyRoute, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    try {
      await this.pass(route, request, reply);
    } catch (error) {
      const shown = shownProblem(error);
      if (!shown) this.logger.error({ msg: 'request failed', request_id: request.id, err: error });
      answerProblem(request, reply, shown, route.errorMembers);
      if (hasBody(request)) dropRest(request.raw);
    }
  }

  private async pass(route: ProxyRoute, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const url = request.raw.url ?? '/';
    // The router decodes before it compares; what is passed on is what was sent, so both have to be the same path.
    if (!url.startsWith(route.path)) throw new NotFoundError(`The path ${pathOf(url)}`);
    if (dotSegment.test(pathOf(url))) throw new AmbiguousPathError();
    const visit = await this.door.enter(request, reply, route);
    const body = hasBody(request);
    if (body) refuseBody(request, route);
    const upstream = this.upstreams.get(route.service);
    if (!upstream) throw new Error(`The table names the service ${route.service}, which is not configured`);
    const refusal = upstream.reserve();
    if (refusal) {
      upstream.failed(refusal);
      throw problemOfFailure(refusal, upstream.name, route.timeoutMs);
    }
    if (request.headers.expect !== undefined) reply.raw.writeContinue();
    const { headers } = request;
    new Exchange(
      upstream,
      route,
      request,
      reply,
      {
        path: route.servicePath === undefined ? url : route.servicePath + url.slice(route.path.length),
        method: request.method,
        headers: headersForService(request.raw.rawHeaders, {
          requestId: request.id,
          identityToken: visit.identityToken,
          address: visit.address.client,
          protocol: visit.address.protocol,
          host: headers.host,
          trace: traceHeaders(request),
        }),
      },
      body,
    ).start();
  }
}

function hasBody({ headers }: FastifyRequest): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

function refuseBody({ headers }: FastifyRequest, route: ProxyRoute): void {
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && coding.trim().toLowerCase() !== 'chunked') throw new TransferCodingError();
  if (Number(headers['content-length'] ?? 0) > route.bodyLimit)
    throw new PayloadTooLargeError(route.bodyLimit);
}

/** The running span's context for the service; undefined when none is recorded, so that the caller's own is passed on. */
function traceHeaders(request: FastifyRequest): Record<string, string> | undefined {
  const context = requestContext(request);
  const span = trace.getSpanContext(context);
  if (!span || !isSpanContextValid(span)) return undefined;
  const carrier: Record<string, string> = {};
  propagation.inject(context, carrier);
  return 'traceparent' in carrier ? carrier : undefined;
}
