import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { sqlState } from './postgres-errors.js';

/** A service's corner of the database: one schema, one login role that reaches nothing else. */
export interface ServiceSchema {
  /** Name of both the schema and the role, e.g. `content_import`. */
  readonly name: string;
  readonly password: string;
}

/** Schema and role name of a service: `content-import` → `content_import`. */
export function schemaNameOf(service: string): string {
  return service.replaceAll('-', '_');
}

/** The URL by which a service reaches its schema, made from an administrator's URL of the same database. */
export function serviceDatabaseUrl(adminUrl: string, { name, password }: ServiceSchema): string {
  const url = new URL(adminUrl);
  url.username = name;
  url.password = password;
  return url.toString();
}

const MAX_TRIES = 20;

/**
 * Makes schemas and login roles, or brings existing ones in line; safe to repeat. Each role owns its schema, has it
 * as search path, and has no right on any other schema, not even `public`.
 * @param adminUrl URL of the database by a role that may create roles and schemas
 */
export async function provision(adminUrl: string, services: readonly ServiceSchema[]): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await provisionAtOnce(adminUrl, services);
      return;
    } catch (error) {
      if (attempt >= MAX_TRIES || !isCollision(error)) throw error;
      await delay(Math.random() * 20 * attempt);
    }
  }
}

/**
 * Whether another provisioner changed the same roles: they are the whole server's, while an advisory lock is the
 * database's, so those of two databases do meet.
 */
function isCollision(error: unknown): boolean {
  const state = sqlState(error) ?? '';
  // Made meanwhile (as the index or the command sees it), deadlock; an update of the same row has no state of its own.
  if (['23505', '42710', '40P01'].includes(state)) return true;
  return error instanceof Error && /tuple concurrently (updated|deleted)/.test(error.message);
}

async function provisionAtOnce(adminUrl: string, services: readonly ServiceSchema[]): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  // Between two statements a lost connection is only told here; the next statement fails.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock(7210000)');
    await client.query('REVOKE ALL ON SCHEMA public FROM PUBLIC');
    // In one order: two provisioners that take the roles crosswise would deadlock.
    for (const service of services.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      await makeRole(client, service);
      await makeSchema(client, service.name);
    }
    for (const { name } of services) await takeBackRights(client, name);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  } finally {
    await client.end();
  }
}

async function makeRole(client: pg.Client, { name, password }: ServiceSchema): Promise<void> {
  const role = client.escapeIdentifier(name);
  const { rows } = await client.query<{ powerful: boolean }>(
    `SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls AS powerful
       FROM pg_roles WHERE rolname = $1`,
    [name],
  );
  await client.query(
    `${rows[0] ? 'ALTER' : 'CREATE'} ROLE ${role} LOGIN PASSWORD ${client.escapeLiteral(password)}`,
  );
  // Not said without need: an administrator who is no superuser may not even say it.
  if (rows[0]?.powerful) {
    await client.query(`ALTER ROLE ${role} NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS`);
  }
  await client.query(`ALTER ROLE ${role} SET search_path = ${role}`);
  // Needed so that a non-superuser administrator may hand the schema over.
  await client.query(`GRANT ${role} TO CURRENT_USER`);
}

async function makeSchema(client: pg.Client, name: string): Promise<void> {
  const schema = client.escapeIdentifier(name);
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${schema} AUTHORIZATION ${schema}`);
  await client.query(`ALTER SCHEMA ${schema} OWNER TO ${schema}`);
  await client.query(`REVOKE ALL ON SCHEMA ${schema} FROM PUBLIC`);
}

/** Leaves the role nothing but its own schema, whatever it was given before. */
async function takeBackRights(client: pg.Client, name: string): Promise<void> {
  const role = client.escapeIdentifier(name);
  const { rows: memberships } = await client.query<{ of: string }>(
    `SELECT roleid::regrole::text AS of FROM pg_auth_members WHERE member = $1::regrole`,
    [role],
  );
  for (const { of } of memberships) await client.query(`REVOKE ${of} FROM ${role}`);
  const { rows: schemas } = await client.query<{ schema: string }>(
    `SELECT oid::regnamespace::text AS schema FROM pg_namespace
      WHERE nspname <> $1 AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%'
        AND (has_schema_privilege($1, oid, 'USAGE') OR has_schema_privilege($1, oid, 'CREATE'))`,
    [name],
  );
  for (const { schema } of schemas) await client.query(`REVOKE ALL ON SCHEMA ${schema} FROM ${role}`);
}
