import { createMessagingTables, dropMessagingTables } from '@hornbook/messaging';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/*
 * Seed 000, section 5.2, with the tables it alters. Differences: times carry a zone; `batch_id` has one index, its
 * unique one; an index on a filter ends in `id`, the sort key of every list, so that a page is read off the index.
 */
const CREATE = [
  // Stop words stay in: "How are you?" is nothing but stop words, and just what a teacher looks for.
  `CREATE TEXT SEARCH DICTIONARY content_stem (TEMPLATE = snowball, LANGUAGE = english)`,
  `CREATE TEXT SEARCH CONFIGURATION content (COPY = pg_catalog.english)`,
  `ALTER TEXT SEARCH CONFIGURATION content ALTER MAPPING REPLACE english_stem WITH content_stem`,
  `CREATE TABLE import_batches (
     id serial CONSTRAINT import_batches_pkey PRIMARY KEY,
     batch_id varchar(100) NOT NULL CONSTRAINT import_batches_batch_id_key UNIQUE,
     source varchar(100) NOT NULL,
     payload_hash varchar(64) NOT NULL,
     dialogues_count integer NOT NULL DEFAULT 0,
     phrases_count integer NOT NULL DEFAULT 0,
     categories_created integer NOT NULL DEFAULT 0,
     status varchar(50) NOT NULL DEFAULT 'completed',
     attempts integer NOT NULL DEFAULT 1,
     error_message text,
     created_at timestamptz NOT NULL DEFAULT now(),
     processed_at timestamptz NOT NULL DEFAULT now(),
     CONSTRAINT import_batches_status_check CHECK (status IN ('completed', 'failed'))
   )`,
  `CREATE INDEX idx_import_batches_source ON import_batches (source, id)`,
  `CREATE INDEX idx_import_batches_status ON import_batches (status, id)`,
  `CREATE INDEX idx_import_batches_created_at ON import_batches (created_at DESC)`,
  `CREATE TABLE categories (
     id serial CONSTRAINT categories_pkey PRIMARY KEY,
     name varchar(100) NOT NULL CONSTRAINT categories_name_key UNIQUE,
     description text,
     created_at timestamptz NOT NULL DEFAULT now()
   )`,
  `CREATE TABLE dialogs (
     id serial CONSTRAINT dialogs_pkey PRIMARY KEY,
     title varchar(255) NOT NULL,
     category_id integer NOT NULL CONSTRAINT dialogs_category_id_fkey REFERENCES categories ON DELETE CASCADE,
     difficulty_level varchar(50) NOT NULL DEFAULT 'intermediate',
     description text,
     accent varchar(50),
     source varchar(100),
     import_batch_id integer CONSTRAINT dialogs_import_batch_id_fkey REFERENCES import_batches,
     created_at timestamptz NOT NULL DEFAULT now(),
     search tsvector NOT NULL DEFAULT '',
     CONSTRAINT dialogs_difficulty_level_check CHECK (difficulty_level IN ('beginner', 'intermediate', 'advanced'))
   )`,
  `CREATE INDEX idx_dialogs_category ON dialogs (category_id, id)`,
  `CREATE INDEX idx_dialogs_difficulty_level ON dialogs (difficulty_level, id)`,
  `CREATE INDEX idx_dialogs_accent ON dialogs (accent, id)`,
  `CREATE INDEX idx_dialogs_source ON dialogs (source, id)`,
  `CREATE INDEX idx_dialogs_import_batch ON dialogs (import_batch_id, id)`,
  `CREATE INDEX idx_dialogs_search ON dialogs USING gin (search)`,
  `CREATE TABLE phrases (
     id serial CONSTRAINT phrases_pkey PRIMARY KEY,
     dialog_id integer NOT NULL CONSTRAINT phrases_dialog_id_fkey REFERENCES dialogs ON DELETE CASCADE,
     reference_text text NOT NULL,
     "order" integer NOT NULL,
     difficulty varchar(50) NOT NULL,
     phonetic_transcription text,
     speaker varchar(1),
     CONSTRAINT phrases_dialog_id_order_key UNIQUE (dialog_id, "order"),
     CONSTRAINT phrases_difficulty_check CHECK (difficulty IN ('beginner', 'intermediate', 'advanced')),
     CONSTRAINT phrases_speaker_check CHECK (speaker IN ('A', 'B'))
   )`,
];

const DROP = [
  'DROP TABLE phrases, dialogs, categories, import_batches',
  'DROP TEXT SEARCH CONFIGURATION content',
  'DROP TEXT SEARCH DICTIONARY content_stem',
];

/** Import batches, categories, dialogs, phrases, and the tables of the outbox. */
export class ContentTables1772355600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createMessagingTables(runner);
    for (const statement of CREATE) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DROP) await runner.query(statement);
    await dropMessagingTables(runner);
  }
}
