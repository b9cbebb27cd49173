import type { BulkImportRequest, ImportedDialogue } from '@hornbook/contracts';
import { queryRows, type Tx } from '@hornbook/database';
import { Injectable } from '@nestjs/common';
import { categoriesOf, countPhrases } from './batch-payload.js';
import { importedDialogues } from './imported-dialogues.js';

/** A batch that the open transaction, and no other, is storing. */
export interface ClaimedBatch {
  readonly id: number;
  readonly processed_at: Date;
  readonly categories_created: number;
}

/** A failure as it was written down. */
export interface RecordedFailure {
  readonly attempts: number;
  readonly processed_at: Date;
}

/*
 * The gate answers at once whether another transaction is at the same batch; ON CONFLICT alone would wait for it. It
 * opens by itself when that transaction ends, whatever ends it. The row says `completed` from the start: nobody sees
 * it before the commit, and without a commit there is none. Names go in sorted, so that two batches which create the
 * same categories wait for each other in one order only.
 */
const CLAIM = `
  WITH gate AS MATERIALIZED (
    SELECT pg_try_advisory_xact_lock(hashtextextended('import batch ' || current_schema() || ' ' || $1::text, 0)) AS open
  ), claim AS (
    INSERT INTO import_batches (batch_id, source, payload_hash, dialogues_count, phrases_count)
    SELECT $1::text, $2, $3, $4::integer, $5::integer FROM gate WHERE open
    ON CONFLICT (batch_id) DO UPDATE SET
      source = excluded.source, payload_hash = excluded.payload_hash, status = 'completed',
      dialogues_count = excluded.dialogues_count, phrases_count = excluded.phrases_count,
      attempts = import_batches.attempts + 1, error_message = NULL, processed_at = now()
    WHERE import_batches.status = 'failed'
    RETURNING id, processed_at
  ), created AS (
    INSERT INTO categories (name, description)
    SELECT name, 'Auto-created category for ' || name FROM claim, unnest($6::text[]) AS wanted (name)
    WHERE NOT EXISTS (SELECT FROM categories WHERE categories.name = wanted.name)
    ORDER BY name
    ON CONFLICT (name) DO NOTHING
    RETURNING id
  )
  SELECT id, processed_at, (SELECT count(*)::integer FROM created) AS categories_created FROM claim`;

/*
 * Ids are drawn before the rows are written, along with each row's position, so that they can be handed back in the
 * order of the payload: RETURNING promises no order. A new statement after the claim, as only a new snapshot sees the
 * categories that another transaction committed while the claim waited for it.
 */
const STORE = `
  WITH dialogue AS MATERIALIZED (
    SELECT nextval('dialogs_id_seq')::integer AS id, given.*
    FROM ROWS FROM (jsonb_to_recordset($1::jsonb) AS
      (title text, category_name text, difficulty_level text, description text, accent text, phrases jsonb)
    ) WITH ORDINALITY AS given (title, category_name, difficulty_level, description, accent, phrases, position)
  ), phrase AS MATERIALIZED (
    SELECT nextval('phrases_id_seq')::integer AS id, dialogue.id AS dialog_id, dialogue.position, given.*,
      coalesce(given.difficulty, dialogue.difficulty_level) AS own_difficulty
    FROM dialogue, jsonb_to_recordset(dialogue.phrases) AS
      given (reference_text text, "order" integer, difficulty text, phonetic_transcription text, speaker text)
  ), stored_dialogs AS (
    INSERT INTO dialogs (id, title, category_id, difficulty_level, description, accent, source, import_batch_id, search)
    SELECT id, title, (SELECT categories.id FROM categories WHERE name = category_name), difficulty_level, description,
      accent, $2, $3::integer,
      to_tsvector('content', concat_ws(E'\\n', title, description,
        (SELECT string_agg(spoken ->> 'reference_text', E'\\n') FROM jsonb_array_elements(phrases) AS spoken)))
    FROM dialogue
  ), stored_phrases AS (
    INSERT INTO phrases (id, dialog_id, reference_text, "order", difficulty, phonetic_transcription, speaker)
    SELECT id, dialog_id, reference_text, "order", own_difficulty, phonetic_transcription, speaker FROM phrase
  ), counted AS (
    UPDATE import_batches SET categories_created = $4::integer WHERE id = $3::integer AND $4::integer > 0
  )
  SELECT (SELECT array_agg(id ORDER BY position) FROM dialogue) AS dialog_ids,
    (SELECT array_agg(id ORDER BY position, "order") FROM phrase) AS phrase_ids`;

/* Only over a failure: a copy of the same batch may have been completed in the meantime. */
const RECORD_FAILURE = `
  INSERT INTO import_batches (batch_id, source, payload_hash, status, error_message)
  VALUES ($1, $2, $3, 'failed', $4)
  ON CONFLICT (batch_id) DO UPDATE SET
    source = excluded.source, payload_hash = excluded.payload_hash, error_message = excluded.error_message,
    attempts = import_batches.attempts + 1, processed_at = now()
  WHERE import_batches.status = 'failed'
  RETURNING attempts, processed_at`;

/** The statements of a bulk import: two, whatever the size of the batch. */
@Injectable()
export class BulkImportRepository {
  /**
   * Makes the batch this transaction's own until it ends, and creates the categories that are missing.
   * @returns undefined when the batch is completed or another transaction is storing it
   */
  async claim(tx: Tx, request: BulkImportRequest, hash: string): Promise<ClaimedBatch | undefined> {
    const { batch_id, source, dialogues } = request;
    const parameters = [
      batch_id,
      source,
      hash,
      dialogues.length,
      countPhrases(request),
      categoriesOf(request),
    ];
    const [claimed] = await queryRows<ClaimedBatch>(tx, CLAIM, parameters);
    return claimed;
  }

  /** Writes the dialogues and phrases of a claimed batch. @returns their ids in the order of the request */
  async store(
    tx: Tx,
    { source, dialogues }: BulkImportRequest,
    batch: ClaimedBatch,
  ): Promise<ImportedDialogue[]> {
    const parameters = [JSON.stringify(dialogues), source, batch.id, batch.categories_created];
    const [ids] = await queryRows<{ dialog_ids: number[]; phrase_ids: number[] }>(tx, STORE, parameters);
    return importedDialogues(dialogues, ids?.dialog_ids ?? [], ids?.phrase_ids ?? []);
  }

  /** Writes down that a batch was rolled back. @returns undefined when it has been completed by another request */
  async recordFailure(
    tx: Tx,
    request: BulkImportRequest,
    hash: string,
    reason: string,
  ): Promise<RecordedFailure | undefined> {
    const parameters = [request.batch_id, request.source, hash, reason];
    const [recorded] = await queryRows<RecordedFailure>(tx, RECORD_FAILURE, parameters);
    return recorded;
  }

  /** How many of the named categories do not exist yet. */
  async countMissingCategories(tx: Tx, names: readonly string[]): Promise<number> {
    const sql = `SELECT count(*)::integer AS missing FROM unnest($1::text[]) AS wanted (name)
      WHERE NOT EXISTS (SELECT FROM categories WHERE categories.name = wanted.name)`;
    const [row] = await queryRows<{ missing: number }>(tx, sql, [names]);
    return row?.missing ?? 0;
  }
}
