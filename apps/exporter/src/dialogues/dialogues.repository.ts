import { DIALOGUE_REVIEW_DATASET } from '@hornbook/contracts';
import { Database, queryRows, type Tx } from '@hornbook/database';
import { Injectable } from '@nestjs/common';
import type { GeneratedDialogue } from './mapping.js';
import type { ReviewState } from '../reviews/review-states.js';
import type { DialogueDetail, DialogueQuery, DialogueView, HistoryEntry } from './dialogues.schemas.js';

/** A dialogue that is about to be stored. */
export interface NewDialogue extends GeneratedDialogue {
  readonly id: string;
  readonly external_id: string | null;
  readonly content_hash: string;
  readonly review?: 'required' | null | undefined;
}

/** A dialogue that had the external id before. */
export interface KnownDialogue {
  readonly id: string;
  readonly external_id: string;
  readonly content_hash: string;
  /** Null when it was submitted without a review. */
  readonly review_state: ReviewState | null;
}

/*
 * One statement for the whole submission. Sorted by external id, so that two submissions of the same dialogues wait
 * for each other in one order only; without an external id there is nothing to wait for.
 */
const STORE = `
  WITH input AS MATERIALIZED (
    SELECT * FROM json_to_recordset($1::json) AS input (
      id uuid, external_id text, title text, category text, cefr_level text, accent text, content_hash text, turns json, review text
    )
  ), stored AS (
    INSERT INTO generated_dialogues (id, owner, submitted_by, external_id, title, category, cefr_level, accent, content_hash)
    SELECT id, $2, $3, external_id, title, category, cefr_level, accent, content_hash FROM input ORDER BY external_id, id
    ON CONFLICT (owner, external_id) WHERE external_id IS NOT NULL DO NOTHING
    RETURNING id
  ), phrases AS (
    INSERT INTO generated_phrases (dialogue_id, position, text, speaker)
    SELECT input.id, turn."order", turn.text, turn.speaker
    FROM stored JOIN input USING (id), json_to_recordset(input.turns) AS turn (text text, "order" integer, speaker text)
  ), standing AS (
    INSERT INTO sync_status (dialogue_id, owner, status)
    SELECT id, $2, CASE review WHEN 'required' THEN 'awaiting_review' ELSE 'ready' END FROM stored JOIN input USING (id)
  ), reviews AS (
    INSERT INTO dialogue_reviews (dialogue_id) SELECT id FROM stored JOIN input USING (id) WHERE review = 'required'
  ), noted AS (
    INSERT INTO export_history (dialogue_id, event, detail)
    SELECT id, entry.event, entry.detail
    FROM stored JOIN input USING (id), (VALUES
      (1, 'submitted', jsonb_build_object('by', $3::text)), (2, 'review_requested', jsonb_build_object('version', 1))
    ) AS entry (step, event, detail)
    WHERE step = 1 OR review = 'required' ORDER BY id, step
  )
  SELECT id FROM stored`;

const VIEW = `
  SELECT d.id, d.external_id, d.title, d.category, d.cefr_level, d.accent, s.status, s.batch_id,
    s.pronielts_dialog_id::float8 AS pronielts_dialog_id, s.pronielts_phrase_ids::float8[] AS pronielts_phrase_ids,
    s.retry_count, d.submitted_by, d.created_at, s.confirmed_at, r.state AS review_state`;
const REVIEWED = 'LEFT JOIN dialogue_reviews r ON r.dialogue_id = d.id';

const utc = (column: string): string =>
  `to_char(r.${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
const REVIEW = `
  CASE WHEN r.dialogue_id IS NOT NULL THEN json_build_object(
    'state', r.state, 'dataset', '${DIALOGUE_REVIEW_DATASET}', 'requests', r.requests, 'requested_at', ${utc('requested_at')},
    'version', r.ground_truth_version, 'late', r.late, 'decided_by', r.decided_by, 'decided_at', ${utc('decided_at')},
    'reason', r.reason, 'content', r.content
  ) END`;

type DialogueRow = Omit<DialogueDetail, 'created_at' | 'confirmed_at' | 'turns' | 'review' | 'history'> & {
  readonly created_at: Date;
  readonly confirmed_at: Date | null;
};

/** Statements about generated dialogues. */
@Injectable()
export class DialoguesRepository {
  constructor(private readonly database: Database) {}

  /** Stores dialogues, ready to be exported; those whose external id the owner has already are left out. @returns ids stored */
  async store(
    tx: Tx,
    dialogues: readonly NewDialogue[],
    owner: string,
    submittedBy: string,
  ): Promise<Set<string>> {
    const rows = await queryRows<{ id: string }>(tx, STORE, [JSON.stringify(dialogues), owner, submittedBy]);
    return new Set(rows.map(({ id }) => id));
  }

  /** The owner's dialogues with these external ids. */
  async known(tx: Tx, owner: string, externalIds: readonly string[]): Promise<Map<string, KnownDialogue>> {
    const rows = await queryRows<KnownDialogue>(
      tx,
      `SELECT d.id, d.external_id, d.content_hash, r.state AS review_state FROM generated_dialogues d ${REVIEWED}
       WHERE d.owner = $1 AND d.external_id = ANY ($2::text[])`,
      [owner, externalIds],
    );
    return new Map(rows.map((row) => [row.external_id, row]));
  }

  /** One page, newest first. @param after id of the last dialogue of the page before */
  async list(
    owner: string | null,
    { status, limit }: DialogueQuery,
    after: string | null,
  ): Promise<DialogueView[]> {
    const conditions: string[] = [];
    const parameters: unknown[] = [];
    const where = (condition: string, parameter: unknown): void => {
      conditions.push(`${condition} $${String(parameters.push(parameter))}`);
    };
    // With a status the page is read off an index of sync_status, without one off an index of the dialogues.
    const key = status === undefined ? 'd.id' : 's.dialogue_id';
    if (status !== undefined) where('s.status =', status);
    if (owner !== null) where(status === undefined ? 'd.owner =' : 's.owner =', owner);
    if (after !== null) where(`${key} <`, after);
    const rows = await this.database.query<DialogueRow>(
      `${VIEW} FROM sync_status s JOIN generated_dialogues d ON d.id = s.dialogue_id ${REVIEWED}
       ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}
       ORDER BY ${key} DESC LIMIT $${String(parameters.push(limit + 1))}`,
      parameters,
    );
    return rows.map(({ pronielts_phrase_ids: _, ...row }) => view(row));
  }

  /** One dialogue with turns and history. @param owner whose it has to be; null for anybody's */
  async find(id: string, owner: string | null): Promise<DialogueDetail | undefined> {
    const [row] = await this.database.query<DialogueRow & Pick<DialogueDetail, 'turns' | 'review'>>(
      `${VIEW}, (
         SELECT json_agg(json_build_object('text', text, 'order', position, 'speaker', speaker) ORDER BY position)
         FROM generated_phrases WHERE dialogue_id = d.id
       ) AS turns, ${REVIEW} AS review
       FROM generated_dialogues d JOIN sync_status s ON s.dialogue_id = d.id ${REVIEWED}
       WHERE d.id = $1 AND ($2::text IS NULL OR d.owner = $2)`,
      [id, owner],
    );
    return (
      row && {
        ...view(row),
        pronielts_phrase_ids: row.pronielts_phrase_ids,
        turns: row.turns,
        review: row.review,
        history: await this.history(id),
      }
    );
  }

  /** What happened to the dialogue itself and to every batch it was in. */
  private async history(id: string): Promise<HistoryEntry[]> {
    const rows = await this.database.query<Omit<HistoryEntry, 'at'> & { at: Date }>(
      `SELECT at, event, batch_id, detail FROM (
         SELECT id, at, event, batch_id, detail FROM export_history WHERE dialogue_id = $1
         UNION ALL
         SELECT h.id, h.at, h.event, h.batch_id, h.detail
         FROM export_batch_dialogues place JOIN export_history h ON h.batch_id = place.batch_id
         WHERE place.dialogue_id = $1 AND h.dialogue_id IS NULL
       ) AS entries ORDER BY id`,
      [id],
    );
    return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
  }
}

function view<Row extends { created_at: Date; confirmed_at: Date | null }>(
  row: Row,
): Omit<Row, 'created_at' | 'confirmed_at'> & { created_at: string; confirmed_at: string | null } {
  return {
    ...row,
    created_at: row.created_at.toISOString(),
    confirmed_at: row.confirmed_at?.toISOString() ?? null,
  };
}
