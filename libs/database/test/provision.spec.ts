import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { testPostgres } from '@hornbook/testing';
import { provision, serviceDatabaseUrl, sqlState, type ServiceSchema } from '../src/index.js';

async function withClient<Result>(
  url: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const run = (url: string, sql: string): Promise<Record<string, unknown>[]> =>
  withClient(url, async (client) => (await client.query<Record<string, unknown>>(sql)).rows);

/** SQLSTATE of what a statement is refused with; `none` when it is not. */
const refusal = (url: string, sql: string): Promise<string | undefined> =>
  run(url, sql).then(
    () => 'none',
    (error: unknown) => sqlState(error),
  );

const INSUFFICIENT_PRIVILEGE = '42501';

const { adminUrl } = testPostgres();
// Roles are the whole server's: these are of this file alone.
const suffix = randomBytes(5).toString('hex');
const databases = ['', '_other', '_services'].map((kind) => `provision_${suffix}${kind}`);
const [url, otherUrl, servicesUrl] = databases.map((name) =>
  Object.assign(new URL(adminUrl), { pathname: `/${name}` }).toString(),
) as [string, string, string];
const made: string[] = [];

beforeAll(async () => {
  for (const name of databases) await run(adminUrl, `CREATE DATABASE ${name}`);
});

afterAll(async () => {
  for (const name of databases) await run(adminUrl, `DROP DATABASE ${name} WITH (FORCE)`);
  for (const name of made) await run(adminUrl, `DROP ROLE IF EXISTS ${name}`);
});

/** A service whose role is of one test alone. */
function role({ name = 'service', password = 'first' } = {}): ServiceSchema {
  made.push(`${name}_${String(made.length)}_${suffix}`);
  return { name: made.at(-1)!, password };
}

describe('the roles of the services', () => {
  const services = ['gateway', 'content_import', 'exporter', 'broker'];
  const roles = new Map(services.map((name) => [name, role({ name })]));
  const schemaOf = (service: string): string => roles.get(service)!.name;
  const urlOf = (service: string): string => serviceDatabaseUrl(servicesUrl, roles.get(service)!);
  const pairs = services.flatMap((own) =>
    services.filter((other) => other !== own).map((other): [string, string] => [own, other]),
  );

  beforeAll(async () => {
    await provision(servicesUrl, [...roles.values()]);
    for (const service of services) {
      await run(
        urlOf(service),
        `CREATE TABLE records (id serial PRIMARY KEY, name text);
         INSERT INTO records (name) VALUES ('${service}');
         CREATE FUNCTION answer() RETURNS integer LANGUAGE sql AS 'SELECT 42';
         CREATE TYPE mood AS ENUM ('calm')`,
      );
    }
  });

  test.each(services)('%s has its own schema, and needs not name it', async (service) => {
    const [row] = await run(urlOf(service), 'SELECT current_schema() AS schema, name FROM records');
    expect(row).toEqual({ schema: schemaOf(service), name: service });
  });

  test.each(pairs)('%s reaches nothing of %s', async (own, other) => {
    const schema = schemaOf(other);
    const attempts = [
      `SELECT * FROM ${schema}.records`,
      `INSERT INTO ${schema}.records (name) VALUES ('intruder')`,
      `UPDATE ${schema}.records SET name = 'intruder'`,
      `DELETE FROM ${schema}.records`,
      `TRUNCATE ${schema}.records`,
      `SELECT nextval('${schema}.records_id_seq')`,
      `SELECT ${schema}.answer()`,
      `SELECT 'calm'::${schema}.mood`,
      `CREATE TABLE ${schema}.planted (id integer)`,
      `ALTER TABLE ${schema}.records ADD COLUMN planted integer`,
      `DROP TABLE ${schema}.records`,
      `DROP SCHEMA ${schema} CASCADE`,
      `ALTER SCHEMA ${schema} RENAME TO mine`,
      `SET ROLE ${schema}`,
      `ALTER ROLE ${schema} PASSWORD 'mine'`,
      `GRANT ${schema} TO ${schemaOf(own)}`,
    ];
    const refusals = await withClient(urlOf(own), async (client) => {
      const outcomes: string[] = [];
      for (const attempt of attempts) {
        const state = await client.query(attempt).then(
          () => 'none',
          (error: unknown) => sqlState(error),
        );
        if (state !== INSUFFICIENT_PRIVILEGE) outcomes.push(`${attempt}: ${String(state)}`);
      }
      return outcomes;
    });
    expect(refusals).toEqual([]);
    expect(await run(urlOf(other), 'SELECT name FROM records')).toEqual([{ name: other }]);
  });

  test.each(services)('%s makes nothing in public, no schema and no database', async (service) => {
    const url = urlOf(service);
    expect(await refusal(url, 'CREATE TABLE public.planted (id integer)')).toBe(INSUFFICIENT_PRIVILEGE);
    expect(
      await refusal(url, 'CREATE FUNCTION public.planted() RETURNS integer LANGUAGE sql AS $$SELECT 1$$'),
    ).toBe(INSUFFICIENT_PRIVILEGE);
    expect(await refusal(url, 'CREATE SCHEMA planted')).toBe(INSUFFICIENT_PRIVILEGE);
    expect(await refusal(url, `CREATE DATABASE planted_${randomBytes(4).toString('hex')}`)).toBe(
      INSUFFICIENT_PRIVILEGE,
    );
    expect(await refusal(url, 'CREATE ROLE planted')).toBe(INSUFFICIENT_PRIVILEGE);
  });
});

describe('provisioning', () => {
  const as = (service: ServiceSchema): string => serviceDatabaseUrl(url, service);

  test('may be repeated: nothing is lost, and a new password holds', async () => {
    const [one, two] = [role(), role()];
    await provision(url, [one, two]);
    await run(as(one), 'CREATE TABLE records AS SELECT 7 AS id');
    const renewed = { ...one, password: 'second' };
    await provision(url, [renewed, two]);
    expect(await run(as(renewed), 'SELECT id FROM records')).toEqual([{ id: 7 }]);
    expect(await refusal(as(one), 'SELECT 1')).toBe('28P01');
  });

  test('takes any password as it is', async () => {
    const one = role({ password: 'it\'s "quoted" \\ and $1' });
    await provision(url, [one]);
    expect(await run(as(one), 'SELECT current_schema() AS schema')).toEqual([{ schema: one.name }]);
  });

  test('takes back what a role was given beside its own schema', async () => {
    const [one, two] = [role(), role()];
    await provision(url, [one, two]);
    await run(as(two), 'CREATE TABLE records AS SELECT 7 AS id');
    await run(
      url,
      `GRANT USAGE, CREATE ON SCHEMA ${two.name} TO ${one.name}; GRANT SELECT ON ${two.name}.records TO ${one.name};
       GRANT ${two.name} TO ${one.name}; ALTER ROLE ${one.name} CREATEROLE CREATEDB BYPASSRLS`,
    );
    expect(await refusal(as(one), `SELECT * FROM ${two.name}.records`)).toBe('none');
    await provision(url, [one, two]);
    expect(await refusal(as(one), `SELECT * FROM ${two.name}.records`)).toBe(INSUFFICIENT_PRIVILEGE);
    expect(await refusal(as(one), `SET ROLE ${two.name}`)).toBe(INSUFFICIENT_PRIVILEGE);
    expect(await refusal(as(one), 'CREATE ROLE planted')).toBe(INSUFFICIENT_PRIVILEGE);
  });

  test('hands over a schema that somebody else had made', async () => {
    const one = role();
    await run(url, `CREATE SCHEMA ${one.name}`);
    await provision(url, [one]);
    expect(await refusal(as(one), 'CREATE TABLE records (id integer)')).toBe('none');
  });

  test('of two databases of one server at once works for both', async () => {
    const [one, two] = [role(), role()];
    const both = [1, 2, 3].flatMap(() => [provision(url, [one, two]), provision(otherUrl, [two, one])]);
    await Promise.all(both);
    expect(await run(as(one), 'SELECT current_schema() AS schema')).toEqual([{ schema: one.name }]);
  });

  test('that fails half-way leaves nothing behind', async () => {
    const one = role();
    await expect(provision(url, [one, { name: 'pg_reserved', password: 'x' }])).rejects.toThrow('reserved');
    expect(await run(adminUrl, `SELECT 1 FROM pg_roles WHERE rolname = '${one.name}'`)).toEqual([]);
  });

  test('is work for an administrator who is no superuser, the second time too', async () => {
    const [operator, one, two] = [role({ password: 'operator' }), role(), role()];
    await run(adminUrl, `CREATE ROLE ${operator.name} LOGIN CREATEROLE PASSWORD '${operator.password}'`);
    await run(adminUrl, `ALTER DATABASE ${databases[1]!} OWNER TO ${operator.name}`);
    const operatorUrl = serviceDatabaseUrl(otherUrl, operator);
    await provision(operatorUrl, [one, two]);
    await provision(operatorUrl, [one, two]);
    const ownUrl = serviceDatabaseUrl(otherUrl, one);
    expect(await run(ownUrl, 'SELECT current_schema() AS schema')).toEqual([{ schema: one.name }]);
    expect(await refusal(ownUrl, `CREATE TABLE ${two.name}.planted (id integer)`)).toBe(
      INSUFFICIENT_PRIVILEGE,
    );
  });
});
