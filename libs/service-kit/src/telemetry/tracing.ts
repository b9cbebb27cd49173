import { setTimeout as delay } from 'node:timers/promises';

/** Ends the recording of traces: what is buffered is sent. */
export type StopTracing = () => Promise<void>;

/** Longest wait at the end for what is buffered to be sent, milliseconds. */
const FLUSH_MS = 2_000;
/** Path of OTLP traces below a collector's endpoint (OpenTelemetry Protocol exporter specification). */
const TRACES_PATH = '/v1/traces';

/**
 * Starts recording traces and sending them by OTLP over HTTP. Without an endpoint nothing is loaded, and the
 * OpenTelemetry API costs next to nothing. Spans are made by hand in service-kit and messaging: NestJS 12 is ESM,
 * where patching instrumentations do not reach.
 * @param endpoint base URL of a collector, e.g. `http://127.0.0.1:4318`
 */
export async function startTracing(
  service: string,
  version: string,
  endpoint: string | undefined,
): Promise<StopTracing> {
  if (endpoint === undefined) return () => Promise.resolve();
  const [
    { context, propagation, trace },
    sdk,
    { AsyncLocalStorageContextManager },
    { OTLPTraceExporter },
    { resourceFromAttributes },
    { W3CTraceContextPropagator },
  ] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/context-async-hooks'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/core'),
  ]);
  const exporter = new OTLPTraceExporter({ url: new URL(TRACES_PATH, endpoint).toString() });
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({ 'service.name': service, 'service.version': version }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter, scheduledDelayMillis: 1_000 })],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
  // A collector that is away must not use up the grace period.
  return () => Promise.race([provider.shutdown(), delay(FLUSH_MS)]);
}
