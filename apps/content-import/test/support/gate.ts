import { eventually } from '@hornbook/testing';
import pg from 'pg';
import type { World } from './world.js';

const LOCK = 4_242;

/** Holds up every import just before it writes its dialogues. */
export interface Gate {
  /** Waits until so many imports stand at the gate. */
  waiting(count: number): Promise<void>;
  /** Cuts the database connections of the imports that stand at the gate, as the death of their process would. */
  cutWaiting(): Promise<void>;
  /** Lets everything through and removes the gate. */
  open(): Promise<void>;
}

/** Puts up a gate: a trigger that waits for a lock which the test holds. */
export async function closeGate({ sql, database }: World): Promise<Gate> {
  await sql(`CREATE FUNCTION stand_at_the_gate() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_advisory_xact_lock_shared(${String(LOCK)}); RETURN NULL; END $$`);
  await sql(
    'CREATE TRIGGER gate BEFORE INSERT ON dialogs FOR EACH STATEMENT EXECUTE FUNCTION stand_at_the_gate()',
  );
  const holder = new pg.Client({ connectionString: database.adminUrl });
  await holder.connect();
  await holder.query('SELECT pg_advisory_lock($1)', [LOCK]);
  const standing = `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = ${String(LOCK)} AND NOT granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
  return {
    async waiting(count) {
      await eventually(async () => (await holder.query(standing)).rows.length === count, {
        description: `${String(count)} imports to stand at the gate`,
      });
    },
    async cutWaiting() {
      await holder.query(`SELECT pg_terminate_backend(pid) FROM (${standing}) AS standing`);
    },
    async open() {
      await holder.end();
      await sql('DROP FUNCTION stand_at_the_gate CASCADE');
    },
  };
}
