import type { QueryRunner } from 'typeorm';

/*
 * A round is one pass of an item through its dataset's `required_reviews` reviewers. Its slots are made with it, one
 * row each, and nothing adds to them: a reviewer takes a row or there is none, so a round cannot have more reviews than
 * slots, whoever races with whom. `review_slots_reviewer_key` gives nobody two slots of a round.
 *
 * A slot is free (no reviewer), held (reviewer, not submitted) or submitted. What happens to slots often (claims,
 * releases) touches this table alone and no wide row.
 */
const CREATE = [
  `CREATE TABLE review_rounds (
     item_pk bigint NOT NULL CONSTRAINT review_rounds_item_pk_fkey REFERENCES items ON DELETE CASCADE,
     round smallint NOT NULL,
     dataset_id integer NOT NULL CONSTRAINT review_rounds_dataset_id_fkey REFERENCES datasets,
     required smallint NOT NULL,
     state text NOT NULL DEFAULT 'open',
     opened_at timestamptz NOT NULL DEFAULT now(),
     closed_at timestamptz,
     outcome text,
     resolved_by text,
     note text,
     CONSTRAINT review_rounds_pkey PRIMARY KEY (item_pk, round),
     CONSTRAINT review_rounds_required_check CHECK (required BETWEEN 2 AND 9),
     CONSTRAINT review_rounds_state_check CHECK (state IN ('open', 'disputed', 'agreed', 'adjudicated', 'closed')),
     CONSTRAINT review_rounds_outcome_check CHECK (outcome IN ('approved', 'deleted', 'again')),
     CONSTRAINT review_rounds_closed_check CHECK ((closed_at IS NULL) = (state = 'open'))
   )`,
  // One round at a time.
  `CREATE UNIQUE INDEX review_rounds_live ON review_rounds (item_pk) WHERE state IN ('open', 'disputed')`,
  // The adjudication queue, longest waiting first.
  `CREATE INDEX review_rounds_disputed ON review_rounds (dataset_id, closed_at, item_pk) WHERE state = 'disputed'`,
  `CREATE INDEX review_rounds_all_disputed ON review_rounds (closed_at, item_pk) WHERE state = 'disputed'`,
  // Agreement of a dataset.
  `CREATE INDEX review_rounds_reviewed ON review_rounds (dataset_id, item_pk, round)
     WHERE state <> 'open'`,
  `CREATE TABLE review_slots (
     item_pk bigint NOT NULL,
     round smallint NOT NULL,
     slot smallint NOT NULL,
     dataset_id integer NOT NULL,
     priority smallint NOT NULL DEFAULT 0,
     rnd integer NOT NULL,
     open boolean NOT NULL DEFAULT true,
     reviewer text,
     claimed_at timestamptz,
     lease_expires_at timestamptz,
     version integer NOT NULL DEFAULT 1,
     verdict text,
     edits jsonb,
     label text,
     answer_hash bytea,
     comment text,
     submitted_at timestamptz,
     CONSTRAINT review_slots_pkey PRIMARY KEY (item_pk, round, slot),
     CONSTRAINT review_slots_round_fkey FOREIGN KEY (item_pk, round) REFERENCES review_rounds ON DELETE CASCADE,
     CONSTRAINT review_slots_reviewer_key UNIQUE (item_pk, round, reviewer),
     CONSTRAINT review_slots_slot_check CHECK (slot BETWEEN 1 AND 9),
     CONSTRAINT review_slots_verdict_check CHECK (verdict IN ('approved', 'deleted')),
     CONSTRAINT review_slots_label_check CHECK (label IN ('approved', 'edited', 'deleted')),
     CONSTRAINT review_slots_held_check CHECK ((reviewer IS NULL) = (claimed_at IS NULL)),
     CONSTRAINT review_slots_submitted_check
       CHECK (num_nulls(submitted_at, verdict, label, answer_hash) IN (0, 4) AND (submitted_at IS NULL OR reviewer IS NOT NULL))
   ) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02)`,
  // The pool.
  `CREATE INDEX review_slots_pool ON review_slots (dataset_id, priority DESC, rnd, item_pk) WHERE reviewer IS NULL AND open`,
  // What somebody holds.
  `CREATE INDEX review_slots_mine ON review_slots (reviewer, claimed_at, item_pk)
     WHERE reviewer IS NOT NULL AND submitted_at IS NULL AND open`,
  `CREATE INDEX review_slots_lease ON review_slots (lease_expires_at)
     WHERE lease_expires_at IS NOT NULL AND submitted_at IS NULL AND open`,
  // What became of a slot before it was submitted: edits of whoever gave it up or lost it stay here.
  `CREATE TABLE review_events (
     id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT review_events_pkey PRIMARY KEY,
     item_pk bigint NOT NULL,
     round smallint NOT NULL,
     slot smallint,
     action text NOT NULL,
     reviewer text,
     actor text NOT NULL,
     at timestamptz NOT NULL DEFAULT now(),
     reason text,
     edits jsonb,
     CONSTRAINT review_events_action_check CHECK (action IN
       ('claimed', 'saved', 'submitted', 'released', 'expired', 'transferred', 'skipped', 'closed', 'adjudicated'))
   )`,
  `CREATE INDEX review_events_item ON review_events (item_pk, id)`,
];

const DROP = ['DROP TABLE review_events, review_slots, review_rounds'];

/** Makes the tables of overlapping reviews; needs `items` and `datasets`. */
export async function createReviewTables(runner: QueryRunner): Promise<void> {
  for (const statement of CREATE) await runner.query(statement);
}

/** Takes them away. */
export async function dropReviewTables(runner: QueryRunner): Promise<void> {
  for (const statement of DROP) await runner.query(statement);
}
