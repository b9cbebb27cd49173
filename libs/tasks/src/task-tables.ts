import type { QueryRunner } from 'typeorm';

/*
 * Names are unqualified: the role's search path is its own schema. `due_at` says when a worker may take an unfinished
 * task: its run_at while it waits, the end of its lease while it is worked on, the end of the back-off in RETRY. So
 * one comparison finds new tasks, failed ones and those of dead workers alike.
 */
const CREATE = [
  `CREATE TABLE tasks (
     id uuid PRIMARY KEY,
     kind text NOT NULL,
     owner text NOT NULL,
     status text NOT NULL DEFAULT 'PENDING'
       CHECK (status IN ('PENDING', 'STARTED', 'RETRY', 'SUCCESS', 'FAILURE', 'REVOKED')),
     params jsonb NOT NULL,
     idempotency_key text,
     request_hash text,
     total bigint CHECK (total >= 0),
     current bigint NOT NULL DEFAULT 0,
     counters jsonb NOT NULL DEFAULT '{}',
     checkpoint jsonb,
     attempts integer NOT NULL DEFAULT 0,
     run_at timestamptz NOT NULL,
     due_at timestamptz NOT NULL,
     lease_owner uuid,
     lease_epoch bigint NOT NULL DEFAULT 0,
     soft_deadline_at timestamptz,
     hard_deadline_at timestamptz,
     cancel_requested_at timestamptz,
     result jsonb,
     error jsonb,
     schedule_id uuid,
     after_task uuid,
     version bigint NOT NULL DEFAULT 1,
     created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
     started_at timestamptz,
     updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
     finished_at timestamptz,
     expires_at timestamptz,
     purged_at timestamptz,
     CONSTRAINT tasks_idempotency_key UNIQUE (owner, kind, idempotency_key),
     CONSTRAINT tasks_finished CHECK ((finished_at IS NOT NULL) = (status IN ('SUCCESS', 'FAILURE', 'REVOKED')))
   ) WITH (fillfactor = 70)`,
  // The claim walks from owner to owner on it and reads each one's oldest due task.
  `CREATE INDEX tasks_active ON tasks (owner, due_at) WHERE finished_at IS NULL`,
  `CREATE INDEX tasks_due ON tasks (due_at) WHERE finished_at IS NULL`,
  `CREATE INDEX tasks_owner ON tasks (owner, id)`,
  `CREATE INDEX tasks_schedule ON tasks (schedule_id) WHERE schedule_id IS NOT NULL`,
  `CREATE INDEX tasks_expires_at ON tasks (expires_at) WHERE expires_at IS NOT NULL`,
  // So that one pass frees old keys without reading every task.
  `CREATE INDEX tasks_keyed ON tasks (created_at) WHERE idempotency_key IS NOT NULL`,
  `CREATE TABLE task_inputs (
     task_id uuid NOT NULL REFERENCES tasks ON DELETE CASCADE,
     seq integer NOT NULL CHECK (seq >= 0),
     content text NOT NULL,
     PRIMARY KEY (task_id, seq)
   )`,
  // Written once, read once: packing it costs more than the room it takes for a while.
  `ALTER TABLE task_inputs ALTER COLUMN content SET STORAGE EXTERNAL`,
  `CREATE TABLE task_errors (
     task_id uuid NOT NULL REFERENCES tasks ON DELETE CASCADE,
     id bigint GENERATED ALWAYS AS IDENTITY,
     "index" bigint NOT NULL,
     line bigint,
     field text,
     code text NOT NULL,
     message text NOT NULL,
     "row" text,
     details jsonb,
     PRIMARY KEY (task_id, id)
   )`,
  `CREATE TABLE task_schedules (
     id uuid PRIMARY KEY,
     kind text NOT NULL,
     owner text NOT NULL,
     name text,
     params jsonb NOT NULL,
     cron text,
     time_zone text NOT NULL,
     overlap text NOT NULL CHECK (overlap IN ('skip', 'queue')),
     paused boolean NOT NULL DEFAULT false,
     idempotency_key text,
     request_hash text,
     next_run_at timestamptz,
     last_run_at timestamptz,
     last_task_id uuid,
     skipped bigint NOT NULL DEFAULT 0,
     last_error text,
     version bigint NOT NULL DEFAULT 1,
     created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
     updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
     CONSTRAINT task_schedules_idempotency_key UNIQUE (owner, idempotency_key)
   )`,
  `CREATE INDEX task_schedules_due ON task_schedules (next_run_at) WHERE NOT paused AND next_run_at IS NOT NULL`,
  `CREATE INDEX task_schedules_owner ON task_schedules (owner, id)`,
  `CREATE TABLE task_workers (
     id uuid PRIMARY KEY,
     slots integer NOT NULL,
     seen_at timestamptz NOT NULL
   )`,
];

/**
 * Makes tasks, task_inputs, task_errors, task_schedules and task_workers in the service's schema. For the service's
 * first migration.
 */
export async function createTaskTables(runner: QueryRunner): Promise<void> {
  for (const statement of CREATE) await runner.query(statement);
}

/** Undoes `createTaskTables`; all tasks and schedules are gone with it. */
export async function dropTaskTables(runner: QueryRunner): Promise<void> {
  await runner.query('DROP TABLE task_workers, task_schedules, task_errors, task_inputs, tasks');
}
