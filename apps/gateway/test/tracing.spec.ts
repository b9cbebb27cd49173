// @own-modules: the tracer of a process is one for all that runs in it
import { createTestDatabase, eventually, type TestDatabase } from '@hornbook/testing';
import { call } from './support/call.js';
import { bodyOf, startService, type ScriptedService } from './support/scripted-service.js';
import { startGateway, type TestGateway } from './support/start-gateway.js';
import { bearer } from './support/tokens.js';

let database: TestDatabase;
let service: ScriptedService;
let collector: ScriptedService;
let gateway: TestGateway;
const collected: string[] = [];

beforeAll(async () => {
  database = await createTestDatabase({ services: ['gateway'] });
  service = await startService();
  collector = await startService(async (request, response) => {
    collected.push((await bodyOf(request)).toString());
    response.setHeader('content-type', 'application/json').end('{}');
  });
  gateway = await startGateway(database, {
    EXPORTER_URL: service.url,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  });
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all([service.die(), collector.die()]);
  await database.drop();
});

test("a recorded request goes on to the service as a child of the gateway's span, in the caller's trace", async () => {
  const [trace, parent] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'];
  await call(`${gateway.url}/api/v1/exports`, {
    headers: { ...(await bearer()), traceparent: `00-${trace}-${parent}-01`, tracestate: 'a=b' },
  });
  const sent = String(service.lastRequest().headers['traceparent']).split('-');
  expect(sent[1]).toBe(trace);
  expect(sent[2]).not.toBe(parent);
  expect(service.lastRequest().headers['tracestate']).toBe('a=b');
  expect(
    service.lastRequest().rawHeaders.filter((name) => name.toLowerCase() === 'traceparent'),
  ).toHaveLength(1);
  await eventually(() => collected.some((spans) => spans.includes(String(sent[2])) && spans.includes(trace)));
});

test('a request without a trace begins one', async () => {
  await call(`${gateway.url}/api/v1/exports`, { headers: await bearer() });
  expect(service.lastRequest().headers['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
});
