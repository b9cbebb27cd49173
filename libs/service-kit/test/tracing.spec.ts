import { randomBytes } from 'node:crypto';
import {
  createTestDatabase,
  eventually,
  expectNoLeaks,
  freePort,
  type TestDatabase,
} from '@hornbook/testing';
import { saying, startChild, writeLesson, type Child } from './support/child.js';
import { startCollector, type CollectedSpan, type Collector } from './support/collector.js';

describe('a trace', () => {
  const namespace = `trace-${randomBytes(5).toString('hex')}`;
  let database: TestDatabase;
  let collector: Collector;
  let lessons: Child;
  let shelf: Child;

  beforeAll(async () => {
    database = await createTestDatabase({ services: ['test-lessons', 'test-shelf'] });
    collector = await startCollector();
    const options = { database, namespace, env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } };
    // The consumer's queue must be there when the event leaves; an event without consumers waits for some.
    [lessons, shelf] = await Promise.all([startChild('lessons', options), startChild('shelf', options)]);
  });

  afterAll(async () => {
    for (const child of [lessons, shelf]) expect(await child.stop()).toEqual({ code: 0, signal: null });
    await collector.close();
    await expectNoLeaks({ databases: [database] });
    await database.drop();
  });

  /** The only span of that service, kind and trace, once it is collected. */
  function span(traceId: string, service: string, kind: CollectedSpan['kind']): Promise<CollectedSpan> {
    return eventually(() => {
      const found = collector.spans.filter(
        (each) => each.traceId === traceId && each.service === service && each.kind === kind,
      );
      if (found.length > 1) throw new Error(`${String(found.length)} spans of kind ${kind} in ${service}`);
      return found[0] ?? false;
    });
  }

  test('goes from the request through the outbox and the broker to the consumer in another process: one trace, each span below the one that caused it', async () => {
    const traceId = randomBytes(16).toString('hex');
    const given = randomBytes(8).toString('hex');
    const headers = { traceparent: `00-${traceId}-${given}-01`, 'x-request-id': 'request-1' };
    expect((await writeLesson(lessons, 'At the station', { headers })).status).toBe(201);

    const server = await span(traceId, 'test-lessons', 'server');
    const producer = await span(traceId, 'test-lessons', 'producer');
    const consumer = await span(traceId, 'test-shelf', 'consumer');
    expect(server).toMatchObject({
      name: 'POST /lessons',
      parentSpanId: given,
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/lessons',
        'http.response.status_code': 201,
      },
    });
    expect(producer).toMatchObject({ name: 'create test.lesson.written.v1', parentSpanId: server.spanId });
    expect(consumer).toMatchObject({ parentSpanId: producer.spanId });

    const shelving = await saying(shelf, 'shelving');
    expect(shelving).toMatchObject({
      correlation_id: 'request-1',
      trace_id: traceId,
      span_id: consumer.spanId,
    });
    expect(await saying(lessons, 'writing')).toMatchObject({
      request_id: 'request-1',
      correlation_id: 'request-1',
      trace_id: traceId,
      span_id: server.spanId,
    });
    expect(await saying(lessons, 'request')).toMatchObject({ request_id: 'request-1', trace_id: traceId });
  });

  test('that nobody began is begun here, and spans of one flow still belong together', async () => {
    const before = collector.spans.length;
    await writeLesson(lessons, 'At the market', { headers: { 'x-request-id': 'request-2' } });
    const server = await eventually(
      () =>
        collector.spans
          .slice(before)
          .find(({ kind, name }) => kind === 'server' && name === 'POST /lessons') ?? false,
    );
    expect(server.parentSpanId).toBe('');
    const producer = await span(server.traceId, 'test-lessons', 'producer');
    expect(producer.parentSpanId).toBe(server.spanId);
    expect((await span(server.traceId, 'test-shelf', 'consumer')).parentSpanId).toBe(producer.spanId);
  });

  test('whose sender does not want it recorded is not, but is still handed on', async () => {
    const traceId = randomBytes(16).toString('hex');
    const traceparent = `00-${traceId}-${randomBytes(8).toString('hex')}-00`;
    await writeLesson(lessons, 'At the harbour', { headers: { traceparent } });
    await eventually(() =>
      shelf.log().some((line) => line['msg'] === 'shelving' && line['trace_id'] === traceId),
    );
    // Spans leave in order: once a later trace is here, an earlier one would be.
    const later = randomBytes(16).toString('hex');
    const recorded = `00-${later}-${randomBytes(8).toString('hex')}-01`;
    await writeLesson(lessons, 'At the lighthouse', { headers: { traceparent: recorded } });
    await Promise.all([span(later, 'test-lessons', 'server'), span(later, 'test-shelf', 'consumer')]);
    expect(collector.spans.filter((each) => each.traceId === traceId)).toEqual([]);
  });

  test('whose collector is away costs nothing but the trace: the work is done, and the process ends in time', async () => {
    const endpoint = `http://127.0.0.1:${String(await freePort())}`;
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, SHUTDOWN_GRACE_SECONDS: '5' };
    const other = await startChild('lessons', { database, namespace, env });
    expect((await writeLesson(other, 'In the dark')).status).toBe(201);
    expect(await other.stop()).toEqual({ code: 0, signal: null });
  });
});
