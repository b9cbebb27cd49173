import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Table of API keys. */
export class CreateApiKeys1790000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE api_keys (
        id uuid NOT NULL,
        prefix text NOT NULL,
        hash bytea NOT NULL,
        previous_hash bytea,
        previous_valid_until timestamptz,
        name text NOT NULL,
        owner text NOT NULL,
        made_by text NOT NULL,
        roles text[] NOT NULL,
        scopes text[] NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz,
        revoked_at timestamptz,
        last_used_at timestamptz,
        CONSTRAINT api_keys_pkey PRIMARY KEY (id),
        CONSTRAINT api_keys_previous CHECK ((previous_hash IS NULL) = (previous_valid_until IS NULL))
      )`);
    // Every request with a key that was not seen for two seconds looks it up by this.
    await runner.query('CREATE UNIQUE INDEX api_keys_prefix ON api_keys (prefix)');
    await runner.query(
      'CREATE UNIQUE INDEX api_keys_owner_name ON api_keys (owner, name) WHERE revoked_at IS NULL',
    );
    await runner.query('CREATE INDEX api_keys_owner ON api_keys (owner, id)');
    await runner.query('CREATE INDEX api_keys_made_by ON api_keys (made_by)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE api_keys');
  }
}
