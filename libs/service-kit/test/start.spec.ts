import { randomBytes } from 'node:crypto';
import { createServer, type AddressInfo, type Server } from 'node:net';
import pg from 'pg';
import {
  createTestDatabase,
  eventually,
  expectNoLeaks,
  freePort,
  type TestDatabase,
} from '@hornbook/testing';
import { saying, startChild, writeLesson, type Child, type ChildOptions } from './support/child.js';
import { trouble } from './fixtures/lessons.js';

describe('a process', () => {
  let database: TestDatabase;
  const namespace = `start-${randomBytes(5).toString('hex')}`;

  beforeAll(async () => {
    database = await createTestDatabase({ services: ['test-school', 'test-lessons'] });
  });

  afterAll(async () => {
    await expectNoLeaks({ databases: [database] });
    await database.drop();
  });

  const start = (options: Partial<ChildOptions> = {}): Promise<Child> =>
    startChild('school', { database, namespace, ...options });

  /** What a process that cannot start says, and how it ends. */
  async function failure(env: NodeJS.ProcessEnv): Promise<{ code: number | null; said: string }> {
    const child = await start({ env, untilReady: false });
    const { code } = await child.exited;
    // What it wrote last may arrive after the news of its end.
    await eventually(() => child.output().endsWith('\n'));
    return { code, said: child.output() };
  }

  test('with a broken configuration says all that is wrong with it, and ends with 1', async () => {
    const { code, said } = await failure({
      PORT: 'http',
      LOG_LEVEL: 'loud',
      DATABASE_URL: 'mysql://school:hunter2@db/school',
      IDENTITY_PUBLIC_KEYS: undefined,
      RABBITMQ_URL: undefined,
    });
    expect(code).toBe(1);
    expect(said.split('\n')).toEqual([
      'test-school cannot start, its configuration has 5 fault(s):',
      '  PORT was given "http"; allowed: a whole number from 0 to 65535',
      expect.stringMatching(
        /^ {2}DATABASE_URL was given \(hidden, 32 characters\); allowed: a URL beginning with postgres:/,
      ),
      '  LOG_LEVEL was given "loud"; allowed: one of trace, debug, info, warn, error, silent',
      expect.stringMatching(/^ {2}IDENTITY_PUBLIC_KEYS is not set; allowed: a JWK Set/),
      expect.stringMatching(/^ {2}MESSAGING_DATABASE_URL or RABBITMQ_URL has to be set\./),
      '',
    ]);
  });

  test('whose port is taken says so in one line, and ends with 1 at once, whatever time it gives load balancers', async () => {
    const squatter = await listening();
    const { port } = squatter.address() as AddressInfo;
    const { code, said } = await failure({
      PORT: String(port),
      LOG_LEVEL: 'warn',
      SHUTDOWN_DELAY_MS: '60000',
    });
    squatter.close();
    expect(code).toBe(1);
    expect(said).toBe(
      `test-school cannot start: 127.0.0.1:${String(port)} is taken by another process (HOST, PORT)\n`,
    );
  });

  test('whose database is away says so in one line, without its password, and ends with 1', async () => {
    const url = new URL(database.urlFor('test-school'));
    url.port = String(await freePort());
    const { code, said } = await failure({ DATABASE_URL: url.toString(), LOG_LEVEL: 'warn' });
    expect(code).toBe(1);
    expect(said).toBe(
      `test-school cannot start: the database cannot be reached (DATABASE_URL): connect ECONNREFUSED 127.0.0.1:${url.port}\n`,
    );
  });

  test('that starts beside another one on an empty schema leaves the migrations to whoever is first', async () => {
    const fresh = await createTestDatabase({ services: ['test-school'] });
    const replicas = await Promise.all([start({ database: fresh }), start({ database: fresh })]);
    const migrated = replicas.flatMap((replica) => replica.log().filter(({ msg }) => msg === 'migrated'));
    expect(migrated).toMatchObject([{ migrations: ['CreateTables1700000000000'] }]);
    // Ctrl-C in the terminal, and the supervisor's word.
    replicas[0].kill('SIGINT');
    replicas[1].kill('SIGTERM');
    for (const replica of replicas) {
      expect(await replica.exited).toEqual({ code: 0, signal: null });
      expect(await saying(replica, 'stopped')).toMatchObject({ level: 'info' });
    }
    await expectNoLeaks({ databases: [fresh] });
    await fresh.drop();
  });

  test('that is told to end while it starts does so in order, once it can', async () => {
    const fresh = await createTestDatabase({ services: ['test-school'] });
    const child = await start({ database: fresh, untilReady: false });
    await saying(child, 'migrated');
    child.kill('SIGTERM');
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(await saying(child, 'stopped')).toMatchObject({ level: 'info' });
    await expectNoLeaks({ databases: [fresh] });
    await fresh.drop();
  });

  test.each([
    [trouble.unhandled, 'nobody waits for this'],
    [trouble.uncaught, expect.stringContaining('is not valid JSON')],
  ])(
    'in which an error reaches nobody (%s) logs it and ends with 1, and commits nothing half',
    async (title, message) => {
      const child = await start({ env: { LOG_LEVEL: 'info' } });
      await expect(writeLesson(child, title)).rejects.toThrow();
      expect(await child.exited).toEqual({ code: 1, signal: null });
      expect(await saying(child, title)).toMatchObject({
        level: 'fatal',
        err: { message, stack: expect.stringContaining('lessons.ts') as string },
      });
      const client = new pg.Client({ connectionString: database.urlFor('test-school') });
      await client.connect();
      const { rows } = await client.query(
        'SELECT (SELECT count(*) FROM lessons WHERE title = $1) = (SELECT count(*) FROM outbox WHERE key = $1) AS whole',
        [title],
      );
      await client.end();
      expect(rows).toEqual([{ whole: true }]);
    },
  );
});

function listening(): Promise<Server> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve(server);
    });
  });
}
