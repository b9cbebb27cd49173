import { createMessagingTables, dropMessagingTables } from '@hornbook/messaging';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const CREATE = [
  `CREATE TABLE generated_dialogues (
     id uuid CONSTRAINT generated_dialogues_pkey PRIMARY KEY,
     owner text NOT NULL,
     submitted_by text NOT NULL,
     external_id text,
     title text NOT NULL,
     category text NOT NULL,
     cefr_level text NOT NULL,
     accent text,
     content_hash text NOT NULL,
     created_at timestamptz NOT NULL DEFAULT now()
   )`,
  `CREATE UNIQUE INDEX generated_dialogues_external_id ON generated_dialogues (owner, external_id) WHERE external_id IS NOT NULL`,
  `CREATE INDEX generated_dialogues_owner ON generated_dialogues (owner, id)`,
  `CREATE TABLE generated_phrases (
     dialogue_id uuid NOT NULL CONSTRAINT generated_phrases_dialogue_id_fkey REFERENCES generated_dialogues ON DELETE CASCADE,
     position integer NOT NULL,
     text text NOT NULL,
     speaker text,
     CONSTRAINT generated_phrases_pkey PRIMARY KEY (dialogue_id, position)
   )`,
  `CREATE TABLE export_batches (
     batch_id text CONSTRAINT export_batches_pkey PRIMARY KEY,
     owner text NOT NULL,
     state text NOT NULL DEFAULT 'ready'
       CONSTRAINT export_batches_state CHECK (state IN ('ready', 'sending', 'waiting', 'confirmed', 'failed', 'replaced')),
     body text NOT NULL,
     payload_hash text NOT NULL,
     dialogue_count integer NOT NULL CONSTRAINT export_batches_size CHECK (dialogue_count BETWEEN 1 AND 50),
     attempts integer NOT NULL DEFAULT 0,
     deferrals integer NOT NULL DEFAULT 0,
     sends integer NOT NULL DEFAULT 0,
     collisions integer NOT NULL DEFAULT 0,
     claim bigint NOT NULL DEFAULT 0,
     due_at timestamptz NOT NULL DEFAULT now(),
     first_sent_at timestamptz,
     last_sent_at timestamptz,
     last_error_type text,
     last_error text,
     replaced_by text,
     confirmed_by text,
     created_at timestamptz NOT NULL DEFAULT now(),
     settled_at timestamptz
   )`,
  // The queue of what is to be sent: only unconfirmed batches are in it, however many there ever were.
  `CREATE INDEX export_batches_due ON export_batches (due_at) WHERE state IN ('ready', 'sending', 'waiting')`,
  `CREATE INDEX export_batches_by_state ON export_batches (state, batch_id)`,
  `CREATE INDEX export_batches_by_owner ON export_batches (owner, batch_id)`,
  `CREATE INDEX export_batches_by_owner_state ON export_batches (owner, state, batch_id)`,
  `CREATE TABLE sync_status (
     dialogue_id uuid CONSTRAINT sync_status_pkey PRIMARY KEY
       CONSTRAINT sync_status_dialogue_id_fkey REFERENCES generated_dialogues ON DELETE CASCADE,
     owner text NOT NULL,
     status text NOT NULL DEFAULT 'ready'
       CONSTRAINT sync_status_status CHECK (status IN ('ready', 'batched', 'confirmed', 'failed', 'resolved')),
     batch_id text CONSTRAINT sync_status_batch_id_fkey REFERENCES export_batches,
     retry_count integer NOT NULL DEFAULT 0,
     pronielts_dialog_id bigint,
     pronielts_phrase_ids bigint[],
     updated_at timestamptz NOT NULL DEFAULT now(),
     confirmed_at timestamptz
   )`,
  `CREATE INDEX sync_status_by_status ON sync_status (status, dialogue_id)`,
  `CREATE INDEX sync_status_by_owner ON sync_status (owner, status, dialogue_id)`,
  `CREATE INDEX sync_status_by_batch ON sync_status (batch_id)`,
  `CREATE TABLE export_batch_dialogues (
     batch_id text NOT NULL CONSTRAINT export_batch_dialogues_batch_id_fkey REFERENCES export_batches ON DELETE CASCADE,
     position integer NOT NULL,
     dialogue_id uuid NOT NULL
       CONSTRAINT export_batch_dialogues_dialogue_id_fkey REFERENCES generated_dialogues ON DELETE CASCADE,
     CONSTRAINT export_batch_dialogues_pkey PRIMARY KEY (batch_id, position)
   )`,
  `CREATE INDEX export_batch_dialogues_dialogue ON export_batch_dialogues (dialogue_id)`,
  `CREATE TABLE export_history (
     id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT export_history_pkey PRIMARY KEY,
     batch_id text CONSTRAINT export_history_batch_id_fkey REFERENCES export_batches ON DELETE CASCADE,
     dialogue_id uuid CONSTRAINT export_history_dialogue_id_fkey REFERENCES generated_dialogues ON DELETE CASCADE,
     event text NOT NULL,
     detail jsonb NOT NULL DEFAULT '{}',
     at timestamptz NOT NULL DEFAULT clock_timestamp(),
     CONSTRAINT export_history_subject CHECK (batch_id IS NOT NULL OR dialogue_id IS NOT NULL)
   )`,
  `CREATE INDEX export_history_batch ON export_history (batch_id, id)`,
  `CREATE INDEX export_history_dialogue ON export_history (dialogue_id, id)`,
  `CREATE TABLE export_failures (
     id integer GENERATED ALWAYS AS IDENTITY CONSTRAINT export_failures_pkey PRIMARY KEY,
     owner text NOT NULL,
     batch_id varchar(100) NOT NULL CONSTRAINT export_failures_batch_id_fkey REFERENCES export_batches,
     dialogue_ids uuid[] NOT NULL,
     error_type varchar(100) NOT NULL,
     error_message text,
     payload jsonb NOT NULL,
     whole_batch boolean NOT NULL,
     retry_count integer NOT NULL DEFAULT 0,
     created_at timestamptz NOT NULL DEFAULT now(),
     resolved_at timestamptz,
     resolution text CONSTRAINT export_failures_resolution CHECK (resolution IN ('retried', 'resolved', 'confirmed')),
     resolved_by text,
     note text,
     CONSTRAINT export_failures_resolved CHECK ((resolved_at IS NULL) = (resolution IS NULL))
   )`,
  // What waits for a person stays a short list beside all that was ever settled.
  `CREATE INDEX export_failures_open ON export_failures (id) WHERE resolved_at IS NULL`,
  `CREATE INDEX export_failures_open_by_owner ON export_failures (owner, id) WHERE resolved_at IS NULL`,
  `CREATE INDEX export_failures_by_owner ON export_failures (owner, id)`,
  `CREATE INDEX export_failures_by_batch ON export_failures (batch_id)`,
  `CREATE TABLE export_settings (
     singleton boolean DEFAULT true CONSTRAINT export_settings_pkey PRIMARY KEY CONSTRAINT export_settings_only CHECK (singleton),
     paused boolean NOT NULL DEFAULT false,
     pause_reason text,
     paused_at timestamptz,
     next_export_at timestamptz NOT NULL DEFAULT now()
   )`,
  `INSERT INTO export_settings DEFAULT VALUES`,
  `CREATE TABLE batch_id_clock (
     singleton boolean DEFAULT true CONSTRAINT batch_id_clock_pkey PRIMARY KEY CONSTRAINT batch_id_clock_only CHECK (singleton),
     last timestamptz NOT NULL
   )`,
  `INSERT INTO batch_id_clock (last) VALUES ('epoch')`,
];

/** Dialogues, batches, history, failures, and the tables of the events. */
export class ExporterTables1772355600000 implements MigrationInterface {
  readonly name = 'ExporterTables1772355600000';

  async up(runner: QueryRunner): Promise<void> {
    await createMessagingTables(runner);
    for (const statement of CREATE) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `DROP TABLE batch_id_clock, export_settings, export_failures, export_history, export_batch_dialogues,
                  sync_status, export_batches, generated_phrases, generated_dialogues`,
    );
    await dropMessagingTables(runner);
  }
}
