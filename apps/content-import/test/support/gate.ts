import { eventually } from '@hornbook/testing';
import pg from 'pg';
import type { World } from './world.js';

const LOCK = 4_242;

/** Statements before which an import can be held up. */
export const gates = {
  /** The batch is claimed, its categories are made. */
  beforeDialogues: 'BEFORE INSERT ON dialogs FOR EACH STATEMENT',
  /** The batch is rolled back, its failure is about to be recorded. */
  beforeFailureRecord: `BEFORE INSERT ON import_batches FOR EACH ROW WHEN (NEW.status = 'failed')`,
} as const;

/** Holds up every import at one statement. */
export interface Gate {
  /** Waits until so many imports stand at the gate. */
  waiting(count: number): Promise<void>;
  /** Cuts the database connections of the imports that stand at the gate, as the death of their process would. */
  cutWaiting(): Promise<void>;
  /** Lets everything through and removes the gate. Safe to call twice. */
  open(): Promise<void>;
}

const closed = new Set<Gate>();

/** Puts up a gate: a trigger that waits for a lock which the test holds. */
export async function closeGate({ sql, database }: World, where: keyof typeof gates): Promise<Gate> {
  await sql(`CREATE FUNCTION stand_at_the_gate() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_advisory_xact_lock_shared(${String(LOCK)}); RETURN NEW; END $$`);
  await sql(`CREATE TRIGGER gate ${gates[where]} EXECUTE FUNCTION stand_at_the_gate()`);
  const holder = new pg.Client({ connectionString: database.adminUrl });
  await holder.connect();
  await holder.query('SELECT pg_advisory_lock($1)', [LOCK]);
  const standing = `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = ${String(LOCK)} AND NOT granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
  const gate: Gate = {
    async waiting(count) {
      await eventually(async () => (await holder.query(standing)).rows.length === count, {
        description: `${String(count)} imports to stand at the gate`,
      });
    },
    async cutWaiting() {
      await holder.query(`SELECT pg_terminate_backend(pid) FROM (${standing}) AS standing`);
    },
    async open() {
      if (!closed.delete(gate)) return;
      await holder.end();
      await sql('DROP FUNCTION stand_at_the_gate CASCADE');
    },
  };
  closed.add(gate);
  return gate;
}

/** Opens what a failed test left closed. For `afterEach`. */
export async function openGates(): Promise<void> {
  for (const gate of closed) await gate.open();
}
