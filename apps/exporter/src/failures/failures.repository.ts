import { Database, queryRows, type Tx } from '@hornbook/database';
import { Injectable } from '@nestjs/common';
import type { BulkRetry, FailureDetail, FailureQuery, FailureView } from './failures.schemas.js';

type FailureRow = Omit<FailureDetail, 'created_at' | 'resolved_at'> & {
  readonly created_at: Date;
  readonly resolved_at: Date | null;
};

const VIEW = `id, batch_id, dialogue_ids, error_type, error_message, whole_batch, retry_count, created_at, resolved_at, resolution, resolved_by, note`;

/*
 * Every writer locks a batch before its dialogues and these before its failures (a confirmation and a review close
 * failures too), and batches in the order of their ids, so nobody waits in a circle.
 */
const LOCK = `
  SELECT batch_id FROM export_batches
  WHERE batch_id IN (SELECT batch_id FROM export_failures WHERE id = ANY ($1::integer[])) ORDER BY batch_id FOR UPDATE`;

const LOCK_DIALOGUES = `
  SELECT FROM sync_status
  WHERE dialogue_id IN (SELECT unnest(dialogue_ids) FROM export_failures WHERE id = ANY ($1::integer[]) AND NOT whole_batch)
  ORDER BY dialogue_id FOR UPDATE`;

/*
 * A whole batch goes again as it is: same id, same bytes, whatever the platform may have made of it before. A single
 * dialogue goes where its review says, which may have changed its mind while the dialogue was under way.
 */
const RETRY = `
  WITH failure AS (
    UPDATE export_failures SET resolved_at = now(), resolution = 'retried', resolved_by = $2, retry_count = retry_count + 1
    WHERE id = ANY ($1::integer[]) AND resolved_at IS NULL
    RETURNING id, batch_id, dialogue_ids, whole_batch
  ), batch AS (
    UPDATE export_batches SET state = 'waiting', due_at = now(), attempts = 0, deferrals = 0, collisions = 0,
      first_sent_at = NULL, settled_at = NULL
    FROM failure WHERE whole_batch AND export_batches.batch_id = failure.batch_id AND state = 'failed'
  ), dialogues AS (
    UPDATE sync_status SET status = CASE WHEN whole_batch THEN 'batched' ELSE coalesce((
        SELECT CASE r.state WHEN 'approved' THEN 'ready' WHEN 'withdrawn' THEN 'withdrawn' ELSE 'awaiting_review' END
        FROM dialogue_reviews r WHERE r.dialogue_id = sync_status.dialogue_id
      ), 'ready') END,
      batch_id = CASE WHEN whole_batch THEN sync_status.batch_id END, retry_count = retry_count + 1, updated_at = now()
    FROM failure WHERE sync_status.dialogue_id = ANY (failure.dialogue_ids) AND status = 'failed'
    RETURNING sync_status.dialogue_id, whole_batch
  ), heeded AS (
    UPDATE dialogue_reviews SET late = false
    FROM dialogues WHERE dialogue_reviews.dialogue_id = dialogues.dialogue_id AND late AND NOT whole_batch
  ), noted AS (
    INSERT INTO export_history (batch_id, dialogue_id, event, detail)
    SELECT batch_id, CASE WHEN whole_batch THEN NULL ELSE dialogue_ids[1] END, 'retry_requested',
      jsonb_build_object('failure_id', id, 'by', $2::text)
    FROM failure ORDER BY id
  )
  SELECT id, (
    SELECT r.dialogue_id FROM dialogue_reviews r
    WHERE r.dialogue_id = dialogue_ids[1] AND r.state = 'invalid' AND NOT whole_batch
  ) AS review_of FROM failure`;

const RESOLVE = `
  WITH failure AS (
    UPDATE export_failures SET resolved_at = now(), resolution = 'resolved', resolved_by = $2, note = $3
    WHERE id = $1 AND resolved_at IS NULL
    RETURNING id, batch_id, dialogue_ids, whole_batch
  ), dialogues AS (
    UPDATE sync_status SET status = 'resolved', updated_at = now()
    FROM failure WHERE sync_status.dialogue_id = ANY (failure.dialogue_ids) AND status = 'failed'
  )
  INSERT INTO export_history (batch_id, dialogue_id, event, detail)
  SELECT batch_id, CASE WHEN whole_batch THEN NULL ELSE dialogue_ids[1] END, 'resolved',
    jsonb_strip_nulls(jsonb_build_object('failure_id', id, 'by', $2::text, 'note', $3::text))
  FROM failure`;

/** Statements about failures. */
@Injectable()
export class FailuresRepository {
  constructor(private readonly database: Database) {}

  /** One page, newest first. @param before id of the last failure of the page before */
  async list(
    owner: string | null,
    { resolved, limit }: FailureQuery,
    before: number | null,
  ): Promise<FailureView[]> {
    const conditions: string[] = [];
    const parameters: unknown[] = [];
    if (resolved !== undefined) conditions.push(`resolved_at IS ${resolved ? 'NOT NULL' : 'NULL'}`);
    if (owner !== null) conditions.push(`owner = $${String(parameters.push(owner))}`);
    if (before !== null) conditions.push(`id < $${String(parameters.push(before))}`);
    const rows = await this.database.query<Omit<FailureRow, 'payload'>>(
      `SELECT ${VIEW} FROM export_failures ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}
       ORDER BY id DESC LIMIT $${String(parameters.push(limit + 1))}`,
      parameters,
    );
    return rows.map(view);
  }

  /** One failure with what was sent. @param owner whose it has to be; null for anybody's */
  async find(id: number, owner: string | null): Promise<FailureDetail | undefined> {
    const [row] = await this.database.query<FailureRow>(
      `SELECT ${VIEW}, payload FROM export_failures WHERE id = $1 AND ($2::text IS NULL OR owner = $2)`,
      [id, owner],
    );
    return row && { ...view(row), payload: row.payload };
  }

  /** Ids of unresolved failures that a bulk retry means, oldest first, and how many there are beyond `limit`. */
  async matching(
    owner: string | null,
    { error_type, ids }: BulkRetry,
    limit: number,
  ): Promise<{ ids: number[]; remaining: number }> {
    const rows = await this.database.query<{ id: number; total: number }>(
      `SELECT id, count(*) OVER ()::integer AS total FROM export_failures
       WHERE resolved_at IS NULL AND ($1::text IS NULL OR owner = $1) AND ($2::text IS NULL OR error_type = $2)
         AND ($3::integer[] IS NULL OR id = ANY ($3))
       ORDER BY id LIMIT $4`,
      [owner, error_type ?? null, ids ?? null, limit],
    );
    return { ids: rows.map(({ id }) => id), remaining: Math.max(0, (rows[0]?.total ?? 0) - rows.length) };
  }

  /**
   * Sends the dialogues of failures on their way again.
   * @returns how many were still unresolved, and which dialogues await another review now
   */
  async retry(
    tx: Tx,
    ids: readonly number[],
    by: string,
  ): Promise<{ retried: number; reviewsOf: readonly string[] }> {
    await this.lock(tx, ids);
    const rows = await queryRows<{ review_of: string | null }>(tx, RETRY, [ids, by]);
    return { retried: rows.length, reviewsOf: rows.flatMap(({ review_of }) => review_of ?? []) };
  }

  /** Decides that nothing more is done about a failure. Without effect when that was decided already. */
  async resolve(tx: Tx, id: number, by: string, note: string | undefined): Promise<void> {
    await this.lock(tx, [id]);
    await queryRows(tx, RESOLVE, [id, by, note ?? null]);
  }

  private async lock(tx: Tx, ids: readonly number[]): Promise<void> {
    await queryRows(tx, LOCK, [ids]);
    await queryRows(tx, LOCK_DIALOGUES, [ids]);
  }
}

function view<Row extends { created_at: Date; resolved_at: Date | null }>(
  row: Row,
): Omit<Row, 'created_at' | 'resolved_at'> & { created_at: string; resolved_at: string | null } {
  return {
    ...row,
    created_at: row.created_at.toISOString(),
    resolved_at: row.resolved_at?.toISOString() ?? null,
  };
}
