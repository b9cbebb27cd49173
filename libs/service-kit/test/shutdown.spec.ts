import { randomBytes } from 'node:crypto';
import { Agent } from 'node:http';
import pg from 'pg';
import { createTestDatabase, eventually, expectNoLeaks, type TestDatabase } from '@hornbook/testing';
import { LOCK_ON, LessonWritten } from './fixtures/lessons.js';
import { saying, startChild, urlOf, writeLesson, type Child } from './support/child.js';
import { send } from './support/http.js';

/** Keeps the work on a lesson in hand until told otherwise. */
interface Hold {
  release(): Promise<void>;
}

describe('a process that is told to end', () => {
  let database: TestDatabase;
  let client: pg.Client;

  beforeEach(async () => {
    database = await createTestDatabase({ services: ['test-school'] });
    client = new pg.Client({ connectionString: database.urlFor('test-school') });
    await client.connect();
  });

  afterEach(async () => {
    await client.end();
    await expectNoLeaks({ databases: [database] });
    await database.drop();
  });

  const start = (env: NodeJS.ProcessEnv = {}): Promise<Child> =>
    startChild('school', { database, namespace: `stop-${randomBytes(5).toString('hex')}`, env });

  async function hold(title: string): Promise<Hold> {
    const holder = new pg.Client({ connectionString: database.urlFor('test-school') });
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query(`SELECT ${LOCK_ON}`, [title]);
    return { release: () => holder.end() };
  }

  /** Waits until a piece of work on the lesson waits for the hold on it. */
  const inHand = (count: number): Promise<true> =>
    eventually(
      async () => {
        const { rows } = await client.query(
          `SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = database
            WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted`,
        );
        return rows.length === count;
      },
      { description: `${String(count)} pieces of work in hand` },
    );

  /** Commits an event as the service itself would; the relay finds it at its next look. */
  const publish = (title: string): Promise<unknown> =>
    client.query(
      `INSERT INTO outbox (message_id, event, key, data, correlation_id, occurred_at)
       VALUES (gen_random_uuid(), $1, $2, json_build_object('title', $2::text), 'before', now())`,
      [LessonWritten.name, title],
    );
  const unpublished = async (): Promise<unknown[]> => {
    const { rows } = await client.query<object>('SELECT key FROM outbox WHERE published_at IS NULL');
    return rows;
  };

  const records = async (): Promise<string[]> => {
    const { rows } = await client.query<{ entry: string }>(
      `SELECT title || ' ' || what AS entry FROM lessons ORDER BY entry`,
    );
    return rows.map(({ entry }) => entry);
  };

  test('finishes the request and the message in hand and sends what they publish, takes nothing new, and ends with 0', async () => {
    const child = await start({ SHUTDOWN_GRACE_SECONDS: '20' });
    const message = await hold('message');
    const request = await hold('request');
    await publish('message');
    await inHand(1);
    // A client that keeps its connections for ever.
    const agent = new Agent({ keepAlive: true });
    const answer = writeLesson(child, 'request', { agent });
    await inHand(2);

    child.kill('SIGTERM');
    await saying(child, 'shutdown phase done');
    // No new work: the port is closed, and a message that arrives now stays where it is.
    await eventually(() =>
      send(urlOf(child), '/health/live').then(
        () => false,
        () => true,
      ),
    );
    await publish('late');
    await eventually(async () => (await unpublished()).length === 0);
    expect(await records()).toEqual([]);
    expect(child.log().filter(({ phase }) => phase === 'finish what is in hand')).toEqual([]);
    await message.release();
    await request.release();

    expect(await answer).toMatchObject({ status: 201, headers: { connection: 'close' } });
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(await records()).toEqual(['message shelved', 'request written']);
    expect(await unpublished()).toEqual([]);
    await saying(child, 'stopped');
    const phases = child.log().filter(({ msg }) => msg === 'shutdown phase done');
    expect(phases.map(({ phase }) => phase)).toEqual([
      'stop taking work',
      'finish what is in hand',
      'stop the relay',
      'close the broker',
      'close the pool',
    ]);
    expect(child.log().filter(({ msg }) => msg === 'shutdown step failed')).toEqual([]);
  });

  test('whose work never ends gives up when the time is over, however often it was told, and ends with 1; nothing is half done', async () => {
    const child = await start({ SHUTDOWN_GRACE_SECONDS: '1' });
    const never = await hold('never');
    const answer = writeLesson(child, 'never').catch(() => 'cut off');
    await inHand(1);
    child.kill('SIGTERM');
    child.kill('SIGINT');
    child.kill('SIGTERM');
    expect(await child.exited).toEqual({ code: 1, signal: null });
    expect(child.log().at(-1)).toMatchObject({ level: 'fatal', msg: 'shutdown took too long', seconds: 1 });
    expect(await answer).toBe('cut off');
    await never.release();
    // The server notices the lost client only now, when its statement is through.
    await inHand(0);
    expect(await records()).toEqual([]);
  });
});
