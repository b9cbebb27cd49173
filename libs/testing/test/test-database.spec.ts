import pg from 'pg';
import { createTestDatabase, expectNoLeaks, testPostgres } from '@hornbook/testing';

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return rows;
  } finally {
    await client.end();
  }
}

const services = ['test-a', 'test-b'];

describe('test database', () => {
  test('gives every service its own empty schema and a role that reaches no other', async () => {
    const database = await createTestDatabase({ services });
    await query(database.urlFor('test-a'), 'CREATE TABLE things (id int)');
    expect(await query(database.urlFor('test-a'), "SELECT 'things'::regclass::text AS name")).toEqual([
      { name: 'things' },
    ]);
    await expect(query(database.urlFor('test-b'), 'SELECT * FROM test_a.things')).rejects.toThrow(
      'permission denied',
    );
    await expect(query(database.urlFor('test-b'), 'CREATE TABLE public.things (id int)')).rejects.toThrow(
      'permission denied',
    );
    await database.drop();
  });

  test('two databases know nothing of each other, made at the same time', async () => {
    const databases = await Promise.all([1, 2, 3, 4].map(() => createTestDatabase({ services })));
    for (const database of databases) await query(database.urlFor('test-a'), 'CREATE TABLE things (id int)');
    expect(new Set(databases.map(({ name }) => name)).size).toBe(4);
    await Promise.all(databases.map((database) => database.drop()));
  });

  test('a service that was not asked for has no URL', async () => {
    const database = await createTestDatabase({ services: ['test-a'] });
    expect(() => database.urlFor('test-b')).toThrow('no schema for "test-b"');
    await database.drop();
  });

  test('is gone after drop, even under an open connection', async () => {
    const database = await createTestDatabase({ services });
    const client = new pg.Client({ connectionString: database.urlFor('test-a') });
    client.on('error', () => undefined);
    await client.connect();
    await database.drop();
    const names = await query(
      testPostgres().adminUrl,
      `SELECT 1 FROM pg_database WHERE datname = '${database.name}'`,
    );
    expect(names).toEqual([]);
    await client.end().catch(() => undefined);
  });

  test('a connection left open is a leak, told by name', async () => {
    const database = await createTestDatabase({ services });
    const client = new pg.Client({
      connectionString: database.urlFor('test-a'),
      application_name: 'forgetful',
    });
    await client.connect();
    await expect(expectNoLeaks({ databases: [database], timeoutMs: 100 })).rejects.toThrow(
      'connection of forgetful (test_a, idle)',
    );
    await client.end();
    await expectNoLeaks({ databases: [database] });
    await database.drop();
  });
});
