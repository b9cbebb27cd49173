import { Database, queryRows, type Tx } from '@hornbook/database';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { Attempt, DeliveryView, WebhookEvent } from './webhooks.schemas.js';

/** A delivery as its log shows it. */
export interface DeliveryRow {
  readonly id: string;
  readonly webhook_id: string | null;
  readonly task_id: string | null;
  readonly url: string;
  readonly event: string;
  readonly status: DeliveryView['status'];
  readonly log: Attempt[];
  readonly due_at: Date | null;
  readonly created_at: Date;
  readonly finished_at: Date | null;
}

/** A delivery whose turn it is. */
export interface ClaimedDelivery {
  readonly id: string;
  readonly owner: string;
  readonly webhook_id: string | null;
  readonly task_id: string | null;
  readonly url: string;
  readonly body: string;
  /** Number of this attempt, from 1; whoever claims it next makes it grow. */
  readonly attempts: number;
  readonly secret_version: number | null;
  /** Whether the secret before the current one still signs too. */
  readonly is_secret_new: boolean;
}

/** What is to be delivered. */
export interface NewMessage {
  readonly owner: string;
  readonly event: WebhookEvent | 'webhook.test';
  readonly task_id: string | null;
  /** JSON; the very bytes that are signed and sent. */
  readonly body: string;
}

/** How an attempt ended: with an answer that counts, with another try later, or for good. */
export type Verdict =
  { readonly status: 'delivered' | 'failed' } | { readonly status: 'pending'; readonly delayMs: number };

/** Deliveries that an owner may have under way in one process: a slow receiver does not hold up the others. */
const PER_OWNER = 2;
/** Due deliveries that are looked at for the next ones to send. */
const LOOK_AHEAD = 500;
/** Log entries that are removed by one statement. */
const PURGED_AT_ONCE = 1_000;

const COLUMNS = `d.id, d.webhook_id, d.task_id, coalesce(d.url, w.url) AS url, d.event, d.status, d.log, d.due_at,
  d.created_at, d.finished_at`;

/*
 * Two processes never get the same row (SKIP LOCKED), and one that dies with it is replaced when its time is over.
 * The attempt is counted when it begins, so a message that kills whoever sends it is not sent for ever.
 */
const CLAIM = `
  WITH waiting AS (
    SELECT id, owner, due_at FROM webhook_deliveries
    WHERE status = 'pending' AND due_at <= clock_timestamp() AND owner <> ALL ($3::text[]) ORDER BY due_at LIMIT ${LOOK_AHEAD}
  ), next AS (
    SELECT id FROM webhook_deliveries WHERE id IN (
      SELECT id FROM (SELECT id, due_at, row_number() OVER (PARTITION BY owner ORDER BY due_at) AS place FROM waiting) AS placed
      WHERE place <= ${PER_OWNER} ORDER BY due_at LIMIT $1
    ) AND status = 'pending' AND due_at <= clock_timestamp() FOR UPDATE SKIP LOCKED
  ), claimed AS (
    UPDATE webhook_deliveries SET attempts = attempts + 1, due_at = clock_timestamp() + $2 * interval '1 ms'
    WHERE id IN (SELECT id FROM next) RETURNING id, owner, webhook_id, task_id, url, body, attempts
  )
  SELECT c.id, c.owner, c.webhook_id, c.task_id, coalesce(c.url, w.url) AS url, c.body, c.attempts, w.secret_version,
    coalesce(w.secret_changed_at > clock_timestamp() - interval '24 h', false) AS is_secret_new
  FROM claimed AS c LEFT JOIN webhooks AS w ON w.id = c.webhook_id`;

/** The messages to webhooks: what waits, and the log of what was sent. */
@Injectable()
export class DeliveriesRepository {
  constructor(private readonly database: Database) {}

  /** Notes a message for every active webhook of the owner that wants to be told. @returns how many do */
  async addForOwner(tx: Tx, message: NewMessage): Promise<number> {
    const webhooks = await queryRows<{ id: string }>(
      tx,
      'SELECT id FROM webhooks WHERE owner = $1 AND active AND $2 = ANY (events) ORDER BY id FOR SHARE',
      [message.owner, message.event],
    );
    for (const { id } of webhooks) await this.add(tx, message, { webhook_id: id });
    return webhooks.length;
  }

  /** Notes one message for a webhook, or for an address that is not one. @returns its id */
  async add(
    tx: Tx,
    { owner, event, task_id, body }: NewMessage,
    target: { readonly webhook_id: string } | { readonly url: string },
  ): Promise<string> {
    const { webhook_id, url } = { webhook_id: null, url: null, ...target };
    const id = uuidv7();
    await queryRows(
      tx,
      `INSERT INTO webhook_deliveries (id, webhook_id, url, owner, event, task_id, body)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [id, webhook_id, url, owner, event, task_id, body],
    );
    return id;
  }

  /**
   * Takes due messages, the oldest first, some of each owner.
   * @param leaseMs how long one may take; then it counts as lost, and is due again
   * @param busyOwners of whom enough are under way
   */
  async claim(limit: number, leaseMs: number, busyOwners: readonly string[]): Promise<ClaimedDelivery[]> {
    return this.database.query<ClaimedDelivery>(CLAIM, [limit, leaseMs, busyOwners]);
  }

  /** Writes down how an attempt ended, unless it took so long that another one has begun. */
  async settle(
    { id, attempts, webhook_id }: ClaimedDelivery,
    attempt: Attempt,
    verdict: Verdict,
    endsWebhook: boolean,
  ): Promise<void> {
    await this.database.transaction(async (tx) => {
      const delayMs = verdict.status === 'pending' ? verdict.delayMs : null;
      await queryRows(
        tx,
        `UPDATE webhook_deliveries SET status = $3, log = log || $4::jsonb,
           due_at = clock_timestamp() + $5::double precision * interval '1 ms',
           finished_at = CASE WHEN $3 <> 'pending' THEN clock_timestamp() END
         WHERE id = $1 AND attempts = $2 AND status = 'pending'`,
        [id, attempts, verdict.status, JSON.stringify([attempt]), delayMs],
      );
      if (!endsWebhook || webhook_id === null) return;
      await queryRows(
        tx,
        `UPDATE webhooks SET active = false, version = version + 1, updated_at = clock_timestamp()
         WHERE id = $1 AND active`,
        [webhook_id],
      );
      await this.giveUp(tx, webhook_id);
    });
  }

  /** Sends nothing more of what waits for a webhook. */
  async giveUp(tx: Tx, webhookId: string): Promise<void> {
    await queryRows(
      tx,
      `UPDATE webhook_deliveries SET status = 'failed', due_at = NULL, finished_at = clock_timestamp()
       WHERE webhook_id = $1 AND status = 'pending'`,
      [webhookId],
    );
  }

  /** Newest first. */
  async list(
    owner: string,
    filter: {
      readonly webhook_id?: string | undefined;
      readonly task_id?: string | undefined;
      readonly status?: string | undefined;
      readonly before?: string | undefined;
    },
    limit: number,
  ): Promise<DeliveryRow[]> {
    const parameters: unknown[] = [owner];
    const conditions = ['d.owner = $1'];
    const narrow = (condition: string, value: unknown): void => {
      if (value !== undefined) conditions.push(`${condition} $${parameters.push(value)}`);
    };
    narrow('d.webhook_id =', filter.webhook_id);
    narrow('d.task_id =', filter.task_id);
    narrow('d.status =', filter.status);
    narrow('d.id <', filter.before);
    return this.database.query<DeliveryRow>(
      `SELECT ${COLUMNS} FROM webhook_deliveries AS d LEFT JOIN webhooks AS w ON w.id = d.webhook_id
       WHERE ${conditions.join(' AND ')} ORDER BY d.id DESC LIMIT $${parameters.push(limit)}`,
      parameters,
    );
  }

  /** Forgets what ended longer ago than this. */
  async purge(retentionMs: number): Promise<void> {
    for (let removed = PURGED_AT_ONCE; removed === PURGED_AT_ONCE;) {
      const rows = await this.database.query(
        `DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM webhook_deliveries
           WHERE finished_at < clock_timestamp() - $1 * interval '1 ms' LIMIT ${PURGED_AT_ONCE}) RETURNING id`,
        [retentionMs],
      );
      removed = rows.length;
    }
  }
}
