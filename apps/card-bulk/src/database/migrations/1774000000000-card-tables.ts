import { createMessagingTables, dropMessagingTables } from '@hornbook/messaging';
import { createTaskTables, dropTaskTables } from '@hornbook/tasks';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/*
 * Every index on what is listed leaves deleted cards out, so that ten thousand soft deletes write no new entries in
 * them. Words are indexed apart, after the import: computed with the row they cost five times as much as the row
 * itself (measured: 3.5 s per 10,000 cards against 0.7 s).
 */
const CREATE = [
  `CREATE TABLE cards (
     id uuid CONSTRAINT cards_pkey PRIMARY KEY,
     owner varchar(200) NOT NULL,
     title varchar(1000) NOT NULL,
     body text NOT NULL,
     category varchar(50) NOT NULL,
     privacy_level varchar(50) NOT NULL,
     tags text[] NOT NULL DEFAULT '{}',
     source_platform varchar(100),
     source_url text,
     external_id varchar(255),
     content_id varchar(255),
     parent_card_id uuid,
     related_card_ids uuid[] NOT NULL DEFAULT '{}',
     is_published boolean NOT NULL DEFAULT false,
     published_url text,
     metadata jsonb NOT NULL DEFAULT '{}',
     version integer NOT NULL DEFAULT 1,
     created_at timestamptz NOT NULL DEFAULT now(),
     updated_at timestamptz NOT NULL DEFAULT now(),
     published_at timestamptz,
     deleted_at timestamptz,
     CONSTRAINT cards_privacy_level_check CHECK (privacy_level IN ('PRIVATE', 'PERSONAL', 'BUSINESS', 'IDEAS')),
     CONSTRAINT cards_category_check CHECK (category IN ('UNASSIMILATED', 'PROGRAM', 'CATEGORIZED', 'GRIT', 'TOUGH',
       'JUNK', 'BUSINESS', 'IDEAS', 'PERSONAL', 'PRIVATE')),
     CONSTRAINT cards_published_check CHECK (is_published = (published_url IS NOT NULL)
       AND is_published = (published_at IS NOT NULL) AND (privacy_level IN ('BUSINESS', 'IDEAS') OR NOT is_published))
   )`,
  `CREATE INDEX idx_cards_owner ON cards (owner, id) WHERE deleted_at IS NULL`,
  `CREATE INDEX idx_cards_deleted ON cards (owner, id) WHERE deleted_at IS NOT NULL`,
  `CREATE INDEX idx_cards_category ON cards (owner, category, id) WHERE deleted_at IS NULL`,
  `CREATE INDEX idx_cards_privacy_level ON cards (owner, privacy_level, id) WHERE deleted_at IS NULL`,
  `CREATE INDEX idx_cards_external_id ON cards (owner, external_id) WHERE deleted_at IS NULL AND external_id IS NOT NULL`,
  // URLs and bodies are longer than an index entry may be; whoever looks one up compares the text as well.
  `CREATE INDEX idx_cards_source_url ON cards (owner, hashtextextended(source_url, 0))
     WHERE deleted_at IS NULL AND source_url IS NOT NULL`,
  `CREATE INDEX idx_cards_content ON cards (owner, hashtextextended(title || E'\\n' || body, 0)) WHERE deleted_at IS NULL`,
  `CREATE INDEX idx_cards_tags ON cards USING gin (tags) WHERE deleted_at IS NULL`,
  `CREATE TEXT SEARCH DICTIONARY card_stem (TEMPLATE = snowball, LANGUAGE = english)`,
  `CREATE TEXT SEARCH CONFIGURATION card_words (COPY = pg_catalog.english)`,
  `ALTER TEXT SEARCH CONFIGURATION card_words ALTER MAPPING REPLACE english_stem WITH card_stem`,
  // The owner is one of the words, so that the index finds one owner's cards and not everybody's.
  `CREATE TABLE card_search (
     card_id uuid CONSTRAINT card_search_pkey PRIMARY KEY,
     search tsvector NOT NULL
   )`,
  `CREATE INDEX idx_card_search ON card_search USING gin (search)`,
  // One row a chunk of an import, not one a card.
  `CREATE TABLE card_search_queue (
     id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT card_search_queue_pkey PRIMARY KEY,
     card_ids uuid[] NOT NULL,
     created_at timestamptz NOT NULL DEFAULT now()
   )`,
  `CREATE TABLE extropy_balances (
     owner varchar(200) CONSTRAINT extropy_balances_pkey PRIMARY KEY,
     balance numeric(20,8) NOT NULL,
     updated_at timestamptz NOT NULL DEFAULT now(),
     CONSTRAINT extropy_balances_balance_check CHECK (balance >= 0)
   )`,
  // No foreign key to cards: what was earned stays earned when the card is gone.
  `CREATE TABLE extropy_ledger (
     id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT extropy_ledger_pkey PRIMARY KEY,
     from_user varchar(200),
     to_user varchar(200) NOT NULL,
     amount numeric(20,8) NOT NULL,
     type varchar(20) NOT NULL,
     card_id uuid,
     to_balance_after numeric(20,8) NOT NULL,
     description text NOT NULL,
     metadata jsonb NOT NULL DEFAULT '{}',
     created_at timestamptz NOT NULL DEFAULT now(),
     CONSTRAINT extropy_ledger_amount_check CHECK (amount > 0),
     CONSTRAINT extropy_ledger_type_check CHECK (type IN ('earn', 'transfer', 'reward', 'attribution')),
     CONSTRAINT extropy_ledger_card_id_type_key UNIQUE (card_id, type)
   )`,
  `CREATE INDEX idx_extropy_ledger_to_user ON extropy_ledger (to_user, id)`,
  `CREATE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN RAISE EXCEPTION 'extropy_ledger is append-only' USING ERRCODE = 'restrict_violation'; END $$`,
  `CREATE TRIGGER extropy_ledger_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON extropy_ledger
     FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change()`,
];

const DROP = [
  'DROP TABLE extropy_ledger, extropy_balances, card_search_queue, card_search, cards',
  'DROP FUNCTION refuse_ledger_change',
  'DROP TEXT SEARCH CONFIGURATION card_words',
  'DROP TEXT SEARCH DICTIONARY card_stem',
];

/** Cards, their words, the ledger of rewards, and the tables of outbox and tasks. */
export class CardTables1774000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createMessagingTables(runner);
    await createTaskTables(runner);
    for (const statement of CREATE) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DROP) await runner.query(statement);
    await dropTaskTables(runner);
    await dropMessagingTables(runner);
  }
}
