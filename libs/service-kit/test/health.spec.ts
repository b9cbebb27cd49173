import { pino } from 'pino';
import type { MigrationInterface } from 'typeorm';
import { createDataSource, Database, migrate } from '@hornbook/database';
import {
  createTestDatabase,
  eventually,
  expectNoLeaks,
  startTcpProxy,
  testRabbitmq,
  type TcpProxy,
  type TestDatabase,
} from '@hornbook/testing';
import { startApp, type TestApp } from '@hornbook/testing/start-app';
import { createReadiness, Shutdown, type AnyServiceConfig } from '../src/index.js';
import { school } from './fixtures/lessons.js';

/** A proxy before a server, and the server's URL through it. */
async function proxied(serverUrl: string): Promise<{ proxy: TcpProxy; url: string }> {
  const url = new URL(serverUrl);
  const proxy = await startTcpProxy(Number(url.port));
  url.port = String(proxy.port);
  return { proxy, url: url.toString() };
}

describe('the probes', () => {
  let database: TestDatabase;
  let toDatabase: TcpProxy;
  let toBroker: TcpProxy;
  let app: TestApp<AnyServiceConfig>;

  beforeAll(async () => {
    database = await createTestDatabase({ services: ['test-school'] });
    const [db, broker] = await Promise.all([
      proxied(database.urlFor('test-school')),
      proxied(testRabbitmq().url),
    ]);
    toDatabase = db.proxy;
    toBroker = broker.proxy;
    const env = { DATABASE_URL: db.url, RABBITMQ_URL: broker.url, SHUTDOWN_DELAY_MS: '300' };
    app = await startApp<AnyServiceConfig>(school, { database, env });
    await untilReady();
  });

  afterAll(async () => {
    await app.stop();
    await eventually(() => toDatabase.connections + toBroker.connections === 0);
    await Promise.all([toDatabase.close(), toBroker.close()]);
    await expectNoLeaks({ databases: [database] });
    await database.drop();
  });

  const ok = (detail: string): unknown => ({ status: 'ok', detail });
  const sound = {
    database: ok('connected'),
    migrations: ok('up to date'),
    broker: ok('rabbitmq: connected'),
  };

  const isLive = async (): Promise<void> => {
    expect((await app.request.get('/health/live').expect(200)).body).toEqual({ status: 'ok' });
  };
  const untilReady = (): Promise<unknown> => eventually(() => app.request.get('/health/ready').expect(200));

  test('find a service ready with all that it needs, each by name', async () => {
    const { body, headers } = await app.request.get('/health/ready').expect(200);
    expect(body).toEqual({ status: 'ok', service: 'test-school', version: '0.1.0', checks: sound });
    expect(headers['content-type']).toMatch(/^application\/json/);
    await isLive();
  });

  test.each([
    ['refuses', 'refuse', 'not reachable'],
    ['does not answer', 'blackhole', 'no answer within 2000 ms'],
  ] as const)(
    'find it not ready, but live, while the database %s; and ready again',
    async (_, mode, detail) => {
      toDatabase.mode = mode;
      const { body } = await app.request.get('/health/ready').expect(503);
      expect(body).toMatchObject({
        status: 'failed',
        checks: { ...sound, database: { status: 'failed', detail } },
      });
      await isLive();
      toDatabase.mode = 'pass';
      await untilReady();
    },
  );

  test('find it not ready, but live, while the broker is away; and ready again', async () => {
    toBroker.mode = 'refuse';
    const { body } = await eventually(() => app.request.get('/health/ready').expect(503));
    expect(body).toMatchObject({
      status: 'failed',
      checks: { ...sound, broker: { status: 'failed', detail: 'rabbitmq: not connected' } },
    });
    await isLive();
    expect(app.log.filter(({ context }) => context === 'messaging').length).toBeGreaterThan(0);
    toBroker.mode = 'pass';
    await untilReady();
  });

  test('show nothing of where things are', async () => {
    toDatabase.mode = 'refuse';
    toBroker.mode = 'refuse';
    const { text } = await eventually(() => app.request.get('/health/ready').expect(503));
    expect(text).not.toMatch(/127\.0\.0\.1|ECONN|postgres:|amqp:/);
    toDatabase.mode = 'pass';
    toBroker.mode = 'pass';
    await untilReady();
  });

  test('are not written to the log, each time', async () => {
    await isLive();
    await app.request.get('/health/ready');
    expect(app.log.filter(({ route }) => String(route).startsWith('/health'))).toEqual([]);
  });

  test('find a build whose migrations have not run not ready, until they have', async () => {
    class Newer1900000000000 implements MigrationInterface {
      async up(): Promise<void> {
        // Nothing but its name.
      }
      async down(): Promise<void> {
        // Never asked for.
      }
    }
    const dataSource = createDataSource({
      url: database.urlFor('test-school'),
      schema: 'test_school',
      entities: [],
      migrations: [Newer1900000000000],
      applicationName: 'newer build',
    });
    await dataSource.initialize();
    const newer = new Database(dataSource);
    const readiness = createReadiness({
      service: 'test-school',
      version: '0.2.0',
      shutdown: new Shutdown(pino({ enabled: false })),
      database: newer,
    });
    expect(await readiness()).toMatchObject({
      status: 'failed',
      checks: { database: ok('connected'), migrations: { status: 'failed', detail: 'pending' } },
    });
    await migrate(dataSource, 'test_school');
    expect(await readiness()).toMatchObject({ status: 'ok', checks: { migrations: ok('up to date') } });
    await newer.close();
  });

  test('and whoever measures find metrics in the text format of Prometheus, by route', async () => {
    await app.request.post('/lessons').send({}).expect(401);
    const { text, headers } = await app.request.get('/metrics').expect(200);
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    // Name, labels, value: https://prometheus.io/docs/instrumenting/exposition_formats/
    for (const sample of samples) {
      expect(sample).toMatch(
        /^[a-zA-Z_:][\w:]*(\{(\w+="(\\.|[^"\\])*",?)*\})? (-?\d[\d.e+-]*|NaN|[+-]?Inf)$/,
      );
    }
    expect(text).toMatch(
      /^http_server_request_duration_seconds_count\{.*method="POST",route="\/lessons",status="401".*\} [1-9]\d*$/m,
    );
    expect(text).toContain('# TYPE http_server_request_duration_seconds histogram');
    for (const name of [
      'process_cpu_user_seconds_total',
      'nodejs_eventloop_lag_p99_seconds',
      'hornbook_outbox_depth',
    ]) {
      expect(text).toContain(`# TYPE ${name} `);
    }
    expect(text).toContain('service="test-school"');
  });

  test('find it stopping, but live and still answering, once it has begun to end', async () => {
    const stopped = app.stop();
    const { body } = await app.request.get('/health/ready').expect(503);
    expect(body).toMatchObject({ status: 'stopping', checks: sound });
    await isLive();
    await app.request.post('/lessons').send({}).expect(401);
    await stopped;
    await expect(fetch(app.url)).rejects.toThrow('fetch failed');
  });
});
