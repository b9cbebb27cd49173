import { queryRows, type Database } from '@hornbook/database';
import { createHash } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { DeadLetterNotFoundError } from '../messaging.errors.js';
import { queueNameOf, type DeadDelivery, type MessageTransport } from '../transport/message-transport.js';

/** A parked message. */
export interface DeadLetter {
  /** UUIDv7 of the entry. */
  readonly id: string;
  readonly consumer: string;
  /** Id of the event; `sha256:…` of the body when the envelope could not be read. */
  readonly messageId: string;
  /** Event name, if the envelope could be read. */
  readonly event: string | null;
  /** `invalid`, `permanent`, `exhausted` or `delivery_limit`. */
  readonly reason: string;
  readonly errorClass: string | null;
  readonly errorMessage: string | null;
  /** Equal for failures of one cause. */
  readonly fingerprint: string | null;
  readonly attempts: number;
  readonly status: 'parked' | 'redriven' | 'dropped';
  readonly timesParked: number;
  /** RFC 3339, of the last time. */
  readonly parkedAt: string;
}

/** One dead letter with what it carries. */
export interface DeadLetterDetail extends DeadLetter {
  /** The message as it came; a CloudEvent unless it is what was invalid. */
  readonly body: string;
  /** Who did what when, oldest first. */
  readonly audit: readonly { readonly action: string; readonly by: string; readonly at: string }[];
}

/** Which dead letters to send again. */
export type RedriveTarget = { readonly id: string } | { readonly consumer: string; readonly limit?: number };

interface DeadLetterRow extends Omit<DeadLetterDetail, 'parkedAt'> {
  readonly parkedAt: Date;
}

const LIST_COLUMNS = `id, consumer, message_id AS "messageId", event, reason, error_class AS "errorClass",
  error_message AS "errorMessage", fingerprint, attempts, status, times_parked AS "timesParked", parked_at AS "parkedAt"`;
const AUDIT = `audit || jsonb_build_array(jsonb_build_object('action', $1::text, 'by', $2::text, 'at', now()))`;

/** What was parked: listed, read, sent again or dropped. Nothing leaves it by itself. */
export class DeadLetters {
  constructor(
    private readonly database: Database,
    private readonly transport: MessageTransport,
    private readonly service: string,
  ) {}

  /** Keeps a message from a dead-letter queue. A second delivery of the same one is the same entry, counted up. */
  async keep(consumer: string, { body, failure }: DeadDelivery): Promise<void> {
    const { id, event } = identify(body);
    await this.database.query(
      `INSERT INTO dead_letters AS d (id, consumer, message_id, event, body, reason, error_class, error_message,
         fingerprint, attempts, audit)
       VALUES ($3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
         jsonb_build_array(jsonb_build_object('action', $1::text, 'by', $2::text, 'at', now())))
       ON CONFLICT ON CONSTRAINT dead_letters_message DO UPDATE SET
         status = 'parked', reason = excluded.reason, error_class = excluded.error_class, body = excluded.body,
         error_message = excluded.error_message, fingerprint = excluded.fingerprint, attempts = excluded.attempts,
         times_parked = d.times_parked + 1, parked_at = now(), audit = d.audit || excluded.audit`,
      [
        'parked',
        this.service,
        uuidv7(),
        consumer,
        id,
        event,
        body.replaceAll('\u0000', '\uFFFD'),
        failure.reason,
        failure.errorClass,
        failure.errorMessage.replaceAll('\u0000', '\uFFFD'),
        failure.fingerprint,
        failure.attempts,
      ],
    );
  }

  /** Parked messages, oldest first. @returns `nextCursor` null at the end */
  async list(query: { consumer?: string; cursor?: string; limit: number }): Promise<{
    items: DeadLetter[];
    nextCursor: string | null;
  }> {
    const rows = await this.database.query<DeadLetterRow>(
      `SELECT ${LIST_COLUMNS} FROM dead_letters
       WHERE status = 'parked' AND ($1::text IS NULL OR consumer = $1) AND ($2::uuid IS NULL OR id > $2)
       ORDER BY id LIMIT $3`,
      [query.consumer ?? null, query.cursor ?? null, query.limit + 1],
    );
    const items = rows.slice(0, query.limit).map((row) => ({ ...row, parkedAt: row.parkedAt.toISOString() }));
    return { items, nextCursor: rows.length > query.limit ? (items.at(-1)?.id ?? null) : null };
  }

  /** One entry, whatever its status. @throws DeadLetterNotFoundError */
  async read(id: string): Promise<DeadLetterDetail> {
    const [row] = await this.database.query<DeadLetterRow>(
      `SELECT ${LIST_COLUMNS}, body, audit FROM dead_letters WHERE id = $1`,
      [id],
    );
    if (!row) throw new DeadLetterNotFoundError(`no dead letter ${id}`);
    return { ...row, parkedAt: row.parkedAt.toISOString() };
  }

  /**
   * Sends parked messages to their consumer again, with their own ids and a fresh count of attempts. Of a consumer
   * at most `limit` (default 100), oldest first.
   * @param by who asked, for the audit
   * @returns how many the broker took; the others stay parked
   * @throws DeadLetterNotFoundError when a single id is not parked
   */
  async redrive(target: RedriveTarget, by: string): Promise<{ redriven: number; failed: number }> {
    const byId = 'id' in target;
    const rows = await this.database.query<DeadLetterRow>(
      `SELECT ${LIST_COLUMNS}, body FROM dead_letters
       WHERE status = 'parked' AND ${byId ? 'id' : 'consumer'} = $1 ORDER BY id LIMIT $2`,
      byId ? [target.id, 1] : [target.consumer, target.limit ?? 100],
    );
    if (byId && rows.length === 0) throw new DeadLetterNotFoundError(`no parked dead letter ${target.id}`);
    let redriven = 0;
    for (const row of rows) {
      const message = { id: row.messageId, event: row.event ?? 'unknown', body: row.body };
      const outcome = await this.transport.deliver(queueNameOf(this.service, row.consumer), message);
      if (outcome.kind !== 'confirmed') continue;
      redriven++;
      // It may have failed and been parked again already; then the count has moved on and the entry stays parked.
      await this.database.query(
        `UPDATE dead_letters SET status = CASE WHEN times_parked = $4 THEN 'redriven' ELSE status END, audit = ${AUDIT}
         WHERE id = $3`,
        ['redriven', by, row.id, row.timesParked],
      );
    }
    return { redriven, failed: rows.length - redriven };
  }

  /** Decides that a parked message will never be handled; the entry stays for the record. @throws DeadLetterNotFoundError */
  async drop(id: string, by: string): Promise<void> {
    const rows = await this.database.transaction((tx) =>
      queryRows(
        tx,
        `UPDATE dead_letters SET status = 'dropped', audit = ${AUDIT} WHERE id = $3 AND status = 'parked' RETURNING id`,
        ['dropped', by, id],
      ),
    );
    if (rows.length === 0) throw new DeadLetterNotFoundError(`no parked dead letter ${id}`);
  }

  /** How many wait for a decision. */
  async count(): Promise<number> {
    const [row] = await this.database.query<{ count: string }>(
      `SELECT count(*) AS count FROM dead_letters WHERE status = 'parked'`,
    );
    return Number(row?.count ?? 0);
  }
}

function identify(body: string): { id: string; event: string | null } {
  try {
    const envelope = JSON.parse(body) as { id?: unknown; type?: unknown } | null;
    const event = typeof envelope?.type === 'string' ? envelope.type : null;
    if (typeof envelope?.id === 'string' && envelope.id.length <= 100) return { id: envelope.id, event };
  } catch {
    // Not JSON: that is why it is here.
  }
  return { id: `sha256:${createHash('sha256').update(body).digest('hex')}`, event: null };
}
