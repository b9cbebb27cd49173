import { Database, queryRows, type Tx } from '@hornbook/database';
import { Injectable } from '@nestjs/common';
import type { GeneratedDialogue } from './mapping.js';
import type { DialogueDetail, DialogueQuery, DialogueView, HistoryEntry } from './dialogues.schemas.js';

/** A dialogue that is about to be stored. */
export interface NewDialogue extends GeneratedDialogue {
  readonly id: string;
  readonly external_id: string | null;
  readonly content_hash: string;
}

/** A dialogue that had the external id before. */
export interface KnownDialogue {
  readonly id: string;
  readonly external_id: string;
  readonly content_hash: string;
}

/*
 * One statement for the whole submission. Sorted by external id, so that two submissions of the same dialogues wait
 * for each other in one order only; without an external id there is nothing to wait for.
 */
const STORE = `
  WITH input AS MATERIALIZED (
    SELECT * FROM json_to_recordset($1::json) AS input (
      id uuid, external_id text, title text, category text, cefr_level text, accent text, content_hash text, turns json
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
    INSERT INTO sync_status (dialogue_id, owner) SELECT id, $2 FROM stored
  ), noted AS (
    INSERT INTO export_history (dialogue_id, event, detail)
    SELECT id, 'submitted', jsonb_build_object('by', $3::text) FROM stored
  )
  SELECT id FROM stored`;

const VIEW = `
  SELECT d.id, d.external_id, d.title, d.category, d.cefr_level, d.accent, s.status, s.batch_id,
    s.pronielts_dialog_id::float8 AS pronielts_dialog_id, s.pronielts_phrase_ids::float8[] AS pronielts_phrase_ids,
    s.retry_count, d.submitted_by, d.created_at, s.confirmed_at`;

type DialogueRow = Omit<DialogueDetail, 'created_at' | 'confirmed_at' | 'turns' | 'history'> & {
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
      `SELECT id, external_id, content_hash FROM generated_dialogues WHERE owner = $1 AND external_id = ANY ($2::text[])`,
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
      `${VIEW} FROM sync_status s JOIN generated_dialogues d ON d.id = s.dialogue_id
       ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}
       ORDER BY ${key} DESC LIMIT $${String(parameters.push(limit + 1))}`,
      parameters,
    );
    return rows.map(({ pronielts_phrase_ids: _, ...row }) => view(row));
  }

  /** One dialogue with turns and history. @param owner whose it has to be; null for anybody's */
  async find(id: string, owner: string | null): Promise<DialogueDetail | undefined> {
    const [row] = await this.database.query<DialogueRow & { turns: DialogueDetail['turns'] }>(
      `${VIEW}, (
         SELECT json_agg(json_build_object('text', text, 'order', position, 'speaker', speaker) ORDER BY position)
         FROM generated_phrases WHERE dialogue_id = d.id
       ) AS turns
       FROM generated_dialogues d JOIN sync_status s ON s.dialogue_id = d.id
       WHERE d.id = $1 AND ($2::text IS NULL OR d.owner = $2)`,
      [id, owner],
    );
    return (
      row && {
        ...view(row),
        pronielts_phrase_ids: row.pronielts_phrase_ids,
        turns: row.turns,
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
