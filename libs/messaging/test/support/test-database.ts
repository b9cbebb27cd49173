import { Database, createDataSource, provision, serviceDatabaseUrl } from '@hornbook/database';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { createMessagingTables } from '../../src/messaging-tables.js';

const PASSWORD = 'test';

/** A fresh database with one schema and role per service. */
export interface TestDatabase {
  urlFor(service: string): string;
  drop(): Promise<void>;
}

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set; the test runner sets it`);
  return value;
}

/** URL of the broker that all tests share; each uses a namespace of its own. */
export function rabbitmqUrl(): string {
  return required('HORNBOOK_TEST_RABBITMQ_URL');
}

async function asAdmin(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: required('HORNBOOK_TEST_DATABASE_URL') });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

/** Makes a database of a random name; `drop` ends every connection to it. */
export async function createTestDatabase(services: readonly string[]): Promise<TestDatabase> {
  const name = `messaging_${randomBytes(6).toString('hex')}`;
  await asAdmin(`CREATE DATABASE ${name}`);
  const url = new URL(required('HORNBOOK_TEST_DATABASE_URL'));
  url.pathname = `/${name}`;
  await provision(
    url.toString(),
    services.map((service) => ({ name: service, password: PASSWORD })),
  );
  return {
    urlFor: (service) => serviceDatabaseUrl(url.toString(), { name: service, password: PASSWORD }),
    drop: () => asAdmin(`DROP DATABASE ${name} WITH (FORCE)`),
  };
}

/** Connects as a service; `migrate` makes the messaging tables and the ledger of effects. */
export async function openDatabase(url: string, schema: string, migrate = true): Promise<Database> {
  const dataSource = createDataSource({ url, schema, entities: [], migrations: [], applicationName: schema, poolSize: 15 });
  await dataSource.initialize();
  if (migrate) {
    const runner = dataSource.createQueryRunner();
    await createMessagingTables(runner);
    await runner.query('CREATE TABLE ledger (id bigserial PRIMARY KEY, consumer text, key text, n integer)');
    await runner.release();
  }
  return new Database(dataSource);
}
