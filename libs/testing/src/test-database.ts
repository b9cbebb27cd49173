import { createHash, randomBytes } from 'node:crypto';
import pg from 'pg';
import { provision, schemaNameOf, serviceDatabaseUrl } from '@hornbook/database';
import { testPostgres } from './test-servers.js';

/** What a test file asks for. */
export interface TestDatabaseOptions {
  /** Services whose schemas and roles the database has, by their names: `content-import`. */
  readonly services: readonly string[];
  /** Server to make it on. Default: the test run's. */
  readonly adminUrl?: string;
}

/** A database of one test file. */
export interface TestDatabase {
  /** URL of this database by the administrator. */
  readonly adminUrl: string;
  readonly name: string;
  /** URL by which a service reaches its own schema, as in production. */
  urlFor(service: string): string;
  /** Cuts what is still connected and drops it; kept, and its name told, when `HORNBOOK_TEST_KEEP` is set. */
  drop(): Promise<void>;
}

// Roles are shared by all databases of the server, so every test file must give them the same password.
const ROLE_PASSWORD = 'hornbook-test';
// Any number. Held on the administrator's database: Postgres keeps advisory locks per database, and `provision`
// locks only the one it works in, while the roles it alters are the whole server's.
const TEMPLATE_LOCK = 7_211_001;

/** Makes a database with the services' schemas and roles, empty of tables: copied from a template made on first use. */
export async function createTestDatabase({
  services,
  adminUrl = testPostgres().adminUrl,
}: TestDatabaseOptions): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await withClient(adminUrl, async (client) => {
    const template = await ensureTemplate(client, adminUrl, services);
    await client.query(
      `CREATE DATABASE ${client.escapeIdentifier(name)} TEMPLATE ${client.escapeIdentifier(template)}`,
    );
  });
  const ownUrl = databaseUrl(adminUrl, name);
  return {
    adminUrl: ownUrl,
    name,
    urlFor(service) {
      if (!services.includes(service))
        throw new Error(`The test database has no schema for "${service}", only for ${services.join(', ')}`);
      return serviceDatabaseUrl(ownUrl, { name: schemaNameOf(service), password: ROLE_PASSWORD });
    },
    async drop() {
      if (process.env.HORNBOOK_TEST_KEEP) {
        process.stderr.write(`kept the test database ${name}\n`);
        return;
      }
      await withClient(adminUrl, (client) =>
        client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(name)} WITH (FORCE)`),
      );
    },
  };
}

async function ensureTemplate(
  client: pg.Client,
  adminUrl: string,
  services: readonly string[],
): Promise<string> {
  const content = JSON.stringify([[...services].sort(), provision.toString()]);
  const name = `hornbook_template_${createHash('sha256').update(content).digest('hex').slice(0, 12)}`;
  await client.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK]);
  try {
    // Marked as a template only once it is complete.
    const { rows } = await client.query<{ complete: boolean }>(
      'SELECT datistemplate AS complete FROM pg_database WHERE datname = $1',
      [name],
    );
    if (rows[0]?.complete) return name;
    const identifier = client.escapeIdentifier(name);
    await client.query(`DROP DATABASE IF EXISTS ${identifier} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${identifier}`);
    await provision(
      databaseUrl(adminUrl, name),
      services.map((service) => ({ name: schemaNameOf(service), password: ROLE_PASSWORD })),
    );
    await client.query(`ALTER DATABASE ${identifier} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false`);
    return name;
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [TEMPLATE_LOCK]);
  }
}

function databaseUrl(adminUrl: string, database: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  return url.toString();
}

/** Runs `work` on a connection of its own and closes it. */
export async function withClient<Result>(
  url: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: url, application_name: 'hornbook-testing' });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
