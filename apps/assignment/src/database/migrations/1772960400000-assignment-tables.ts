import { createMessagingTables, dropMessagingTables } from '@hornbook/messaging';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { CHANGE_ITEMS, DROP_CHANGE_ITEMS } from '../../items/change-items.sql.js';
import { DROP_POOLS_OF, POOLS_OF } from '../../claims/pools.sql.js';
import { CREATE_CLAIM, DROP_CLAIM } from '../../items/claim-items.sql.js';
import { createReviewTables, dropReviewTables } from '../../reviews/review-tables.js';
import { createSnapshotTables, dropSnapshotTables } from '../../snapshots/snapshot-tables.js';

/*
 * What changes often stands apart from what is large: a claim rewrites a row of `item_states`, some 150 bytes, and
 * never the item's content. Rows that return to the pool leave dead entries in its indexes, so autovacuum is eager.
 */
const OFTEN_UPDATED = `WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0)`;

const CREATE = [
  `CREATE TYPE item_status AS ENUM ('draft', 'approved', 'skipped', 'deleted')`,
  `CREATE TABLE datasets (
     id integer GENERATED ALWAYS AS IDENTITY CONSTRAINT datasets_pkey PRIMARY KEY,
     name varchar(100) NOT NULL CONSTRAINT datasets_name_key UNIQUE,
     weight integer NOT NULL DEFAULT 1 CONSTRAINT datasets_weight_check CHECK (weight BETWEEN 0 AND 1000),
     lease_minutes integer CONSTRAINT datasets_lease_minutes_check CHECK (lease_minutes BETWEEN 1 AND 525600),
     required_reviews smallint NOT NULL DEFAULT 1
       CONSTRAINT datasets_required_reviews_check CHECK (required_reviews BETWEEN 1 AND 9),
     per_user_cap integer CONSTRAINT datasets_per_user_cap_check CHECK (per_user_cap BETWEEN 1 AND 100000),
     skip_flag_after smallint NOT NULL DEFAULT 3
       CONSTRAINT datasets_skip_flag_after_check CHECK (skip_flag_after BETWEEN 1 AND 1000),
     instructions text NOT NULL DEFAULT '',
     version integer NOT NULL DEFAULT 1,
     created_at timestamptz NOT NULL DEFAULT now(),
     created_by text NOT NULL,
     updated_at timestamptz NOT NULL DEFAULT now(),
     updated_by text NOT NULL
   )`,
  `CREATE TABLE tag_groups (
     name varchar(50) CONSTRAINT tag_groups_pkey PRIMARY KEY,
     exclusive boolean NOT NULL DEFAULT false,
     description text NOT NULL DEFAULT '',
     version integer NOT NULL DEFAULT 1,
     updated_at timestamptz NOT NULL DEFAULT now(),
     updated_by text NOT NULL
   )`,
  `CREATE TABLE tags (
     name varchar(101) CONSTRAINT tags_pkey PRIMARY KEY,
     group_name varchar(50) NOT NULL CONSTRAINT tags_group_name_fkey REFERENCES tag_groups,
     description text NOT NULL DEFAULT '',
     created_at timestamptz NOT NULL DEFAULT now(),
     created_by text NOT NULL
   )`,
  `CREATE INDEX tags_group_name ON tags (group_name, name)`,
  // The bucket is part of an item's address on the wire, and of nothing else: an id is taken whatever its bucket. Both
  // stand in the primary key's index, so that a claim and a reviewer's list name items without a look at their content.
  `CREATE TABLE items (
     pk bigint GENERATED ALWAYS AS IDENTITY,
     dataset_id integer NOT NULL CONSTRAINT items_dataset_id_fkey REFERENCES datasets,
     id varchar(100) NOT NULL,
     bucket uuid NOT NULL,
     content jsonb NOT NULL,
     tags text[] NOT NULL DEFAULT '{}',
     question_hash bigint,
     search tsvector NOT NULL DEFAULT '',
     created_at timestamptz NOT NULL DEFAULT now(),
     created_by text NOT NULL,
     CONSTRAINT items_pkey PRIMARY KEY (pk) INCLUDE (id, bucket),
     CONSTRAINT items_dataset_id_id_key UNIQUE (dataset_id, id)
   )`,
  `CREATE INDEX items_dataset ON items (dataset_id, pk)`,
  `CREATE INDEX items_question ON items (dataset_id, question_hash) WHERE question_hash IS NOT NULL`,
  `CREATE INDEX items_tags ON items USING gin (tags) WHERE tags <> '{}'`,
  `CREATE INDEX items_search ON items USING gin (search)`,
  // One row an item, written by the statement that writes the item; no foreign key, as no item is ever removed.
  `CREATE TABLE item_states (
     item_pk bigint CONSTRAINT item_states_pkey PRIMARY KEY,
     dataset_id integer NOT NULL,
     status item_status NOT NULL DEFAULT 'draft',
     version integer NOT NULL DEFAULT 1,
     priority smallint NOT NULL DEFAULT 0,
     rnd integer NOT NULL,
     skip_count smallint NOT NULL DEFAULT 0,
     assigned_at timestamptz,
     lease_expires_at timestamptz,
     due_at timestamptz,
     reviewed_at timestamptz,
     updated_at timestamptz NOT NULL DEFAULT now(),
     assigned_to text,
     author text NOT NULL,
     reviewed_by text,
     updated_by text NOT NULL,
     tags text[] NOT NULL DEFAULT '{}',
     claimed_from item_status,
     CONSTRAINT item_states_assignment_check CHECK (
       (assigned_to IS NULL AND assigned_at IS NULL AND lease_expires_at IS NULL AND claimed_from IS NULL)
       OR (assigned_to IS NOT NULL AND assigned_at IS NOT NULL AND status = 'draft'))
   ) ${OFTEN_UPDATED}`,
  `CREATE INDEX item_states_pool ON item_states (dataset_id, priority DESC, rnd)
     WHERE assigned_to IS NULL AND status IN ('draft', 'skipped')`,
  `CREATE INDEX item_states_due ON item_states (dataset_id, due_at)
     WHERE assigned_to IS NULL AND status IN ('draft', 'skipped') AND due_at IS NOT NULL`,
  `CREATE INDEX item_states_mine ON item_states (assigned_to, assigned_at, item_pk) WHERE assigned_to IS NOT NULL`,
  `CREATE INDEX item_states_lease ON item_states (lease_expires_at) WHERE lease_expires_at IS NOT NULL`,
  // Drafts are not in it, of which most items are most of the time: handing one out would write it, and nobody reads it.
  `CREATE INDEX item_states_list ON item_states (dataset_id, status, item_pk) WHERE status <> 'draft'`,
  `CREATE INDEX item_states_skipped ON item_states (dataset_id, item_pk) WHERE skip_count > 0`,
  `CREATE TABLE item_skips (
     user_id text NOT NULL,
     item_pk bigint NOT NULL,
     reason text,
     skipped_at timestamptz NOT NULL DEFAULT now(),
     CONSTRAINT item_skips_pkey PRIMARY KEY (item_pk, user_id)
   )`,
  `CREATE INDEX item_skips_user ON item_skips (user_id)`,
  // Version 1, the import, is told by the item itself: the row with version 2 is an item's first.
  `CREATE TABLE item_events (
     item_pk bigint NOT NULL,
     version integer NOT NULL,
     action text NOT NULL,
     actor text NOT NULL,
     at timestamptz NOT NULL DEFAULT now(),
     from_status item_status NOT NULL,
     to_status item_status NOT NULL,
     from_user text,
     to_user text,
     reason text,
     changes jsonb,
     CONSTRAINT item_events_pkey PRIMARY KEY (item_pk, version)
   )`,
  // A claim leaves its entry in the state itself, `claimed_from` being what the item was before: as long as nothing
  // else happens to an item, its row says who took it and when. The next change writes both entries.
  `CREATE VIEW item_history AS
     SELECT item_pk, version, action, actor, at, from_status, to_status, from_user, to_user, reason, changes
     FROM item_events
     UNION ALL
     SELECT item_pk, version, 'assigned', updated_by, updated_at, claimed_from, status, NULL, assigned_to, NULL, NULL
     FROM item_states WHERE claimed_from IS NOT NULL`,
  // See items/counters.sql.ts.
  `CREATE TABLE item_counts (
     dataset_id integer NOT NULL,
     tag text NOT NULL,
     state text NOT NULL,
     shard smallint NOT NULL,
     items bigint NOT NULL,
     CONSTRAINT item_counts_pkey PRIMARY KEY (dataset_id, tag, state, shard)
   ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05)`,
  `CREATE TABLE action_counts (
     day date NOT NULL,
     dataset_id integer NOT NULL,
     user_id text NOT NULL,
     action text NOT NULL,
     shard smallint NOT NULL,
     items bigint NOT NULL,
     seconds bigint NOT NULL,
     CONSTRAINT action_counts_pkey PRIMARY KEY (day, dataset_id, user_id, action, shard)
   ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05)`,
  `CREATE INDEX action_counts_user ON action_counts (user_id, day)`,
  `CREATE TABLE idempotency_keys (
     owner text NOT NULL,
     key text NOT NULL,
     request_hash text NOT NULL,
     answer json,
     created_at timestamptz NOT NULL DEFAULT now(),
     CONSTRAINT idempotency_keys_pkey PRIMARY KEY (owner, key)
   )`,
  `CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at)`,
];

const DROP = [
  'DROP VIEW item_history',
  `DROP TABLE idempotency_keys, action_counts, item_counts, item_events, item_skips, item_states, items, tags, tag_groups, datasets`,
  'DROP TYPE item_status',
];

/** Everything of the service: items and their states, reviews, snapshots, and the tables of outbox and inbox. */
export class AssignmentTables1772960400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createMessagingTables(runner);
    for (const statement of [...CREATE, CHANGE_ITEMS, ...CREATE_CLAIM]) await runner.query(statement);
    await createReviewTables(runner);
    await createSnapshotTables(runner);
    await runner.query(POOLS_OF);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DROP_POOLS_OF);
    await dropSnapshotTables(runner);
    await dropReviewTables(runner);
    for (const statement of [...DROP_CLAIM, DROP_CHANGE_ITEMS, ...DROP]) await runner.query(statement);
    await dropMessagingTables(runner);
  }
}
