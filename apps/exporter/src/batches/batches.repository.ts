import { Database } from '@hornbook/database';
import { Injectable } from '@nestjs/common';
import type { BatchDetail, BatchQuery, BatchView } from './batches.schemas.js';

type Time = 'due_at' | 'first_sent_at' | 'last_sent_at' | 'settled_at';
type BatchRow = Omit<BatchView, Time | 'created_at'> & { readonly created_at: Date } & {
  readonly [Name in Time]: Date | null;
};

const VIEW = `
  SELECT batch_id, state, dialogue_count AS dialogues, attempts, deferrals, sends,
    CASE WHEN state IN ('ready', 'sending', 'waiting') THEN due_at END AS due_at,
    first_sent_at, last_sent_at, last_error_type, last_error, replaced_by, confirmed_by, created_at, settled_at`;

/** Reads batches. */
@Injectable()
export class BatchesRepository {
  constructor(private readonly database: Database) {}

  /** One page, newest first. @param before id of the last batch of the page before */
  async list(
    owner: string | null,
    { state, limit }: BatchQuery,
    before: string | null,
  ): Promise<BatchView[]> {
    const conditions: string[] = [];
    const parameters: unknown[] = [];
    const where = (condition: string, parameter: unknown): void => {
      if (parameter != null) conditions.push(`${condition} $${String(parameters.push(parameter))}`);
    };
    where('owner =', owner);
    where('state =', state);
    where('batch_id <', before);
    const rows = await this.database.query<BatchRow>(
      `${VIEW} FROM export_batches ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}
       ORDER BY batch_id DESC LIMIT $${String(parameters.push(limit + 1))}`,
      parameters,
    );
    return rows.map(view);
  }

  /** One batch. @param owner whose it has to be; null for anybody's */
  async find(batchId: string, owner: string | null): Promise<BatchDetail | undefined> {
    const [row] = await this.database.query<BatchRow & { payload_hash: string }>(
      `${VIEW}, payload_hash FROM export_batches WHERE batch_id = $1 AND ($2::text IS NULL OR owner = $2)`,
      [batchId, owner],
    );
    if (!row) return undefined;
    const [members, history] = await Promise.all([this.members(batchId), this.history(batchId)]);
    return { ...view(row), payload_hash: row.payload_hash, members, history };
  }

  private members(batchId: string): Promise<BatchDetail['members']> {
    return this.database.query(
      `SELECT place.position, place.dialogue_id, d.title, s.status, s.batch_id, s.pronielts_dialog_id::float8 AS pronielts_dialog_id
       FROM export_batch_dialogues place
         JOIN generated_dialogues d ON d.id = place.dialogue_id
         JOIN sync_status s ON s.dialogue_id = place.dialogue_id
       WHERE place.batch_id = $1 ORDER BY place.position`,
      [batchId],
    );
  }

  private async history(batchId: string): Promise<BatchDetail['history']> {
    const rows = await this.database.query<Omit<BatchDetail['history'][number], 'at'> & { at: Date }>(
      `SELECT at, event, dialogue_id, detail FROM export_history WHERE batch_id = $1 ORDER BY id`,
      [batchId],
    );
    return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
  }
}

function view({ payload_hash: _, ...row }: BatchRow & { payload_hash?: string }): BatchView {
  const iso = (time: Date | null): string | null => time?.toISOString() ?? null;
  return {
    ...row,
    due_at: iso(row.due_at),
    first_sent_at: iso(row.first_sent_at),
    last_sent_at: iso(row.last_sent_at),
    created_at: row.created_at.toISOString(),
    settled_at: iso(row.settled_at),
  };
}
