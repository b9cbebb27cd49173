import { request as httpRequest } from 'node:http';
import pg from 'pg';
import { createTestDatabase, eventually, type TestDatabase } from '@hornbook/testing';
import { startApp, type TestApp } from '@hornbook/testing/start-app';
import { LOCK_ON, school } from './fixtures/lessons.js';
import type { AnyServiceConfig } from '../src/index.js';

describe('a request', () => {
  let database: TestDatabase;
  let app: TestApp<AnyServiceConfig>;

  beforeAll(async () => {
    database = await createTestDatabase({ services: ['test-school'] });
    app = await startApp<AnyServiceConfig>(school, { database, env: { LOG_LEVEL: 'debug' } });
  });

  afterAll(async () => {
    await app.stop();
    await database.drop();
  });

  const linesWith = (members: Record<string, unknown>): Record<string, unknown>[] =>
    app.log.filter((line) => Object.entries(members).every(([name, value]) => line[name] === value));

  /** The line of that kind, once it is written. */
  const line = (members: Record<string, unknown>): Promise<Record<string, unknown>> =>
    eventually(() => linesWith(members)[0] ?? false, { description: JSON.stringify(members) });

  test('keeps its id when that is sound: in the answer, in every line, and along the events it causes', async () => {
    const curator = await app.as({ sub: 'ada' });
    const { headers } = await curator
      .post('/lessons')
      .set('x-request-id', 'r-1')
      .send({ title: 'One' })
      .expect(201);
    expect(headers['x-request-id']).toBe('r-1');
    expect(await line({ msg: 'writing', title: 'One' })).toMatchObject({
      request_id: 'r-1',
      correlation_id: 'r-1',
    });
    expect(await line({ msg: 'request', request_id: 'r-1' })).toMatchObject({
      level: 'info',
      service: 'test-school',
      correlation_id: 'r-1',
      method: 'POST',
      route: '/lessons',
      status: 201,
      ms: expect.any(Number) as number,
    });
    const shelving = await line({ msg: 'shelving', title: 'One' });
    expect(shelving).toMatchObject({ correlation_id: 'r-1' });
    expect(shelving).not.toHaveProperty('request_id');
  });

  test.each(['', 'two words', 'x'.repeat(129), '<script>'])('gets another id for %j', async (given) => {
    const { headers, body } = await app.request.get('/nowhere').set('x-request-id', given).expect(404);
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(body).toMatchObject({ request_id: headers['x-request-id'] });
  });

  test('belongs to the trace it came with, in every line, also where no trace is recorded', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const curator = await app.as();
    await curator
      .post('/lessons')
      .set({ traceparent: `00-${traceId}-00f067aa0ba902b7-01`, 'x-request-id': 'r-2' })
      .send({ title: 'Two' })
      .expect(201);
    for (const members of [
      { msg: 'writing', title: 'Two' },
      { msg: 'request', request_id: 'r-2' },
      { msg: 'shelving', title: 'Two' },
    ]) {
      expect(await line(members)).toMatchObject({ trace_id: traceId });
    }
  });

  test.each([
    '',
    'x',
    '00-0-0-01',
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${'a'.repeat(32)}-${'0'.repeat(16)}-01`,
  ])('belongs to no trace when %j came', async (traceparent) => {
    const id = `r-${String(Math.random())}`;
    await app.request.get('/nowhere').set({ traceparent, 'x-request-id': id });
    expect(await line({ msg: 'request', request_id: id })).not.toHaveProperty('trace_id');
  });

  test('whose client leaves before the answer has its line all the same, once', async () => {
    const holder = new pg.Client({ connectionString: database.urlFor('test-school') });
    await holder.connect();
    await holder.query(`BEGIN`);
    await holder.query(`SELECT ${LOCK_ON}`, ['Three']);
    const headers = {
      ...(await app.identity()),
      'content-type': 'application/json',
      'x-request-id': 'r-3',
    };
    const leaving = httpRequest(`${app.url}/lessons`, { method: 'POST', headers });
    leaving.on('error', () => undefined);
    leaving.end(JSON.stringify({ title: 'Three' }));
    await line({ msg: 'writing', title: 'Three' });
    leaving.destroy();
    expect(await line({ msg: 'request', request_id: 'r-3' })).toMatchObject({ status: 499 });
    await holder.end();
    await line({ msg: 'shelving', title: 'Three' });
    expect(linesWith({ msg: 'request', request_id: 'r-3' })).toHaveLength(1);
  });

  test('leaves nothing of who made it, or of what it carried, in the log', async () => {
    const secret = 'hunter2';
    const caller = await app.as();
    await caller
      .post(`/lessons?token=${secret}`)
      .set({ authorization: `Bearer ${secret}`, cookie: `session=${secret}`, 'x-api-key': secret })
      .send({ title: 'Four', password: secret })
      .expect(400);
    await line({ msg: 'request', status: 400 });
    expect(JSON.stringify(app.log)).not.toContain(secret);
  });
});
