import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = [
  `CREATE TABLE dialogue_reviews (
     dialogue_id uuid CONSTRAINT dialogue_reviews_pkey PRIMARY KEY
       CONSTRAINT dialogue_reviews_dialogue_id_fkey REFERENCES generated_dialogues ON DELETE CASCADE,
     state text NOT NULL DEFAULT 'awaiting'
       CONSTRAINT dialogue_reviews_state CHECK (state IN ('awaiting', 'approved', 'invalid', 'withdrawn')),
     requests integer NOT NULL DEFAULT 1,
     requested_at timestamptz NOT NULL DEFAULT now(),
     ground_truth_version integer,
     content jsonb,
     late boolean NOT NULL DEFAULT false,
     reason text,
     decided_by text,
     decided_at timestamptz
   )`,
  `ALTER TABLE sync_status DROP CONSTRAINT sync_status_status`,
  `ALTER TABLE sync_status ADD CONSTRAINT sync_status_status
     CHECK (status IN ('awaiting_review', 'ready', 'batched', 'confirmed', 'failed', 'resolved', 'withdrawn'))`,
  // A failure of a review comes before any batch.
  `ALTER TABLE export_failures ALTER COLUMN batch_id DROP NOT NULL`,
  `ALTER TABLE export_failures DROP CONSTRAINT export_failures_resolution`,
  `ALTER TABLE export_failures ADD CONSTRAINT export_failures_resolution
     CHECK (resolution IN ('retried', 'resolved', 'confirmed', 'approved', 'withdrawn', 'reopened'))`,
  `CREATE INDEX export_failures_of_reviews ON export_failures (dialogue_ids) WHERE batch_id IS NULL AND resolved_at IS NULL`,
];

const DOWN = [
  // What was not approved must not leave, nor what was approved with other words than it was submitted in: the old code
  // knows only one state that never does, and would send what was submitted. A whole failed batch goes as it was written.
  `UPDATE sync_status s SET status = 'resolved'
   WHERE status IN ('awaiting_review', 'withdrawn') OR (
     status IN ('ready', 'failed') AND EXISTS (SELECT FROM dialogue_reviews r WHERE r.dialogue_id = s.dialogue_id)
     AND NOT EXISTS (SELECT FROM export_failures f WHERE f.batch_id = s.batch_id AND f.whole_batch AND f.resolved_at IS NULL)
   )`,
  `DROP TABLE dialogue_reviews`,
  `ALTER TABLE sync_status DROP CONSTRAINT sync_status_status`,
  `ALTER TABLE sync_status ADD CONSTRAINT sync_status_status
     CHECK (status IN ('ready', 'batched', 'confirmed', 'failed', 'resolved'))`,
  `DROP INDEX export_failures_of_reviews`,
  `DELETE FROM export_failures WHERE batch_id IS NULL`,
  `ALTER TABLE export_failures ALTER COLUMN batch_id SET NOT NULL`,
  `UPDATE export_failures SET resolution = 'resolved' WHERE resolution IN ('approved', 'withdrawn', 'reopened')`,
  `ALTER TABLE export_failures DROP CONSTRAINT export_failures_resolution`,
  `ALTER TABLE export_failures ADD CONSTRAINT export_failures_resolution
     CHECK (resolution IN ('retried', 'resolved', 'confirmed'))`,
];

/** Reviews before export: who waits for one, and what was decided. */
export class DialogueReviews1772442000000 implements MigrationInterface {
  readonly name = 'DialogueReviews1772442000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
