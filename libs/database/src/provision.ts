import pg from 'pg';

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

/**
 * Makes schemas and login roles, or brings existing ones in line; safe to repeat. Each role owns its schema, has it
 * as search path, and has no right on any other schema, not even `public`.
 * @param adminUrl URL of the database by a role that may create roles and schemas
 */
export async function provision(adminUrl: string, services: readonly ServiceSchema[]): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  const identifier = (name: string): string => client.escapeIdentifier(name);
  try {
    await client.query('BEGIN');
    // Roles are shared by the whole server: two provisioners at once would collide on them.
    await client.query('SELECT pg_advisory_xact_lock(7210000)');
    await client.query('REVOKE ALL ON SCHEMA public FROM PUBLIC');
    for (const { name, password } of services) {
      const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [name]);
      const verb = rowCount ? 'ALTER' : 'CREATE';
      await client.query(`${verb} ROLE ${identifier(name)} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD ${client.escapeLiteral(password)}`);
      await client.query(`ALTER ROLE ${identifier(name)} SET search_path = ${identifier(name)}`);
      // Needed so that a non-superuser administrator may hand the schema over.
      await client.query(`GRANT ${identifier(name)} TO CURRENT_USER`);
      await client.query(`CREATE SCHEMA IF NOT EXISTS ${identifier(name)} AUTHORIZATION ${identifier(name)}`);
      await client.query(`REVOKE ALL ON SCHEMA ${identifier(name)} FROM PUBLIC`);
    }
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    await client.end();
  }
}
