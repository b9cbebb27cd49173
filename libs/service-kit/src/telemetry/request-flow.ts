import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { REQUEST_ID_HEADER } from '@hornbook/contracts';
import { runInFlow, type FlowContext } from '@hornbook/messaging';
import {
  context,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Span,
} from '@opentelemetry/api';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { Histogram } from 'prom-client';

/** Ids from outside are kept when they are short and harmless; others are replaced. */
const soundId = /^[\w.:-]{1,128}$/;

/** Version, trace, parent span and flags of W3C Trace Context; ids of zeros alone are none. */
const soundTraceparent = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The id of a request: the caller's own when it sent a sound `X-Request-Id`, else a new one. */
export function requestId(request: { headers: Record<string, unknown> }): string {
  const given = request.headers[REQUEST_ID_HEADER];
  return typeof given === 'string' && soundId.test(given) ? given : randomUUID();
}

interface Observed {
  readonly flow: FlowContext;
  readonly span: Span;
  readonly otel: Context;
  readonly startedAt: number;
}

const observed = new WeakMap<FastifyRequest, Observed>();

// Buckets of the stable HTTP semantic conventions.
const duration = new Histogram({
  name: 'http_server_request_duration_seconds',
  help: 'Time to answer a request, by route.',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
});

/** Status in logs and metrics of a request whose client left before the answer was out. */
const CLIENT_LEFT = 499;

/** Probes and scrapes would drown the rest. */
const quiet = new Set(['/health/live', '/health/ready', '/metrics']);

/**
 * Gives every request an id, a flow (correlation id, trace context), a server span, a duration and one log line.
 * The correlation id is the caller's `X-Request-Id`.
 */
export function observeRequests(fastify: FastifyInstance, logger: Logger): void {
  const tracer = trace.getTracer('hornbook');
  // Redaction costs 40 µs a line, most of what a small request costs. These lines hold our own words and ids only.
  const accessLog = logger.child({}, { redact: [] });

  fastify.addHook('onRequest', (request, reply, done) => {
    const { traceparent } = request.headers;
    const parent = propagation.extract(ROOT_CONTEXT, request.headers);
    const span = tracer.startSpan(
      `${request.method} ${request.routeOptions.url ?? '(no route)'}`,
      {
        kind: SpanKind.SERVER,
        attributes: { 'http.request.method': request.method, 'http.route': request.routeOptions.url ?? '' },
      },
      parent,
    );
    const isTraced = typeof traceparent === 'string' && soundTraceparent.test(traceparent);
    const flow: FlowContext = { correlationId: request.id, ...(isTraced ? { traceparent } : {}) };
    observed.set(request, { flow, span, otel: trace.setSpan(parent, span), startedAt: performance.now() });
    void reply.header(REQUEST_ID_HEADER, request.id);
    // Not Fastify's onResponse: it does not run when the client leaves before the answer is out.
    reply.raw.once('close', () => conclude(request, reply.raw, accessLog));
    done();
  });

  // Only from here on does everything run inside the flow: the body arrives in the socket's own async context.
  fastify.addHook('preValidation', (request, _reply, done) => {
    const entry = observed.get(request);
    if (!entry) return done();
    runInFlow(entry.flow, () => context.with(entry.otel, done));
  });
}

function traceIdOf(span: Span): string | undefined {
  const spanContext = span.spanContext();
  return isSpanContextValid(spanContext) ? spanContext.traceId : undefined;
}

/** Id of the trace that a flow belongs to, also in a process that records none itself. */
export function traceIdIn(flow: FlowContext | undefined): string | undefined {
  return flow?.traceparent?.split('-')[1];
}

/** Ends what `observeRequests` began: the span, the duration, the log line. Once a request, also when the client left. */
function conclude(request: FastifyRequest, response: ServerResponse, logger: Logger): void {
  const entry = observed.get(request);
  if (!entry) return;
  const seconds = (performance.now() - entry.startedAt) / 1000;
  const route = request.routeOptions.url ?? '(no route)';
  const status = response.writableFinished ? response.statusCode : CLIENT_LEFT;
  duration.labels(request.method, route, String(status)).observe(seconds);
  entry.span.setAttribute('http.response.status_code', status);
  if (status >= 500) entry.span.setStatus({ code: SpanStatusCode.ERROR });
  entry.span.end();
  if (quiet.has(route)) return;
  const traceId = traceIdOf(entry.span) ?? traceIdIn(entry.flow);
  logger[status >= 500 ? 'error' : 'info']({
    msg: 'request',
    request_id: request.id,
    correlation_id: entry.flow.correlationId,
    ...(traceId === undefined ? {} : { trace_id: traceId }),
    method: request.method,
    route,
    status,
    ms: Math.round(seconds * 1e4) / 10,
  });
}

/** The request's OpenTelemetry context, for what is sent on its behalf. */
export function requestContext(request: FastifyRequest): Context {
  return observed.get(request)?.otel ?? ROOT_CONTEXT;
}
