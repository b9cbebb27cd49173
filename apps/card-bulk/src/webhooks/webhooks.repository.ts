import { Database, queryRows, type Tx } from '@hornbook/database';
import { Injectable } from '@nestjs/common';
import type { WebhookEvent } from './webhooks.schemas.js';

/** A webhook as the database hands it over. */
export interface WebhookRow {
  readonly id: string;
  readonly owner: string;
  readonly url: string;
  readonly description: string;
  readonly events: WebhookEvent[];
  readonly active: boolean;
  /** Counts the secrets it has had. */
  readonly secret_version: number;
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** What makes a webhook. */
export type NewWebhook = Pick<WebhookRow, 'id' | 'owner' | 'url' | 'description' | 'events' | 'active'>;

/** What a change may set. */
export type WebhookChange = Partial<Pick<WebhookRow, 'url' | 'description' | 'events' | 'active'>>;

const COLUMNS =
  'id, owner, url, description, events, active, secret_version, version, created_at, updated_at';

/** The registered webhooks. */
@Injectable()
export class WebhooksRepository {
  constructor(private readonly database: Database) {}

  /** Requests of one owner take turns, so that two of them are not both the last one allowed. */
  async lockOwner(tx: Tx, owner: string): Promise<number> {
    const key = `hashtextextended('webhooks ' || current_schema() || ' ' || $1::text, 0)`;
    await queryRows(tx, `SELECT pg_advisory_xact_lock(${key})`, [owner]);
    const [row] = await queryRows<{ count: number }>(
      tx,
      'SELECT count(*)::integer AS count FROM webhooks WHERE owner = $1',
      [owner],
    );
    return row?.count ?? 0;
  }

  /** The webhook that was made by a request with this key. */
  async findByKey(
    tx: Tx,
    owner: string,
    key: string,
  ): Promise<(WebhookRow & { request_hash: string }) | undefined> {
    const [row] = await queryRows<WebhookRow & { request_hash: string }>(
      tx,
      `SELECT ${COLUMNS}, request_hash FROM webhooks WHERE owner = $1 AND idempotency_key = $2`,
      [owner, key],
    );
    return row;
  }

  async insert(
    tx: Tx,
    { id, owner, url, description, events, active }: NewWebhook,
    idempotency: { key: string; hash: string } | undefined,
  ): Promise<WebhookRow> {
    const [row] = await queryRows<WebhookRow>(
      tx,
      `INSERT INTO webhooks (id, owner, url, description, events, active, idempotency_key, request_hash)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING ${COLUMNS}`,
      [id, owner, url, description, events, active, idempotency?.key ?? null, idempotency?.hash ?? null],
    );
    return row as WebhookRow;
  }

  /** Newest first. @param before id of the last one of the page before */
  async list(owner: string, before: string | undefined, limit: number): Promise<WebhookRow[]> {
    return this.database.query<WebhookRow>(
      `SELECT ${COLUMNS} FROM webhooks WHERE owner = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`,
      [owner, before ?? null, limit],
    );
  }

  /** One webhook; undefined when it is unknown or somebody else's. */
  async find(owner: string, id: string): Promise<WebhookRow | undefined> {
    const sql = `SELECT ${COLUMNS} FROM webhooks WHERE id = $1 AND owner = $2`;
    const [row] = await this.database.query<WebhookRow>(sql, [id, owner]);
    return row;
  }

  /** `find` for a change. */
  async findLocked(tx: Tx, owner: string, id: string): Promise<WebhookRow | undefined> {
    const sql = `SELECT ${COLUMNS} FROM webhooks WHERE id = $1 AND owner = $2 FOR UPDATE`;
    const [row] = await queryRows<WebhookRow>(tx, sql, [id, owner]);
    return row;
  }

  async change(tx: Tx, { id, ...before }: WebhookRow, change: WebhookChange): Promise<WebhookRow> {
    const { url, description, events, active } = { ...before, ...change };
    const [row] = await queryRows<WebhookRow>(
      tx,
      `UPDATE webhooks SET url = $2, description = $3, events = $4, active = $5, version = version + 1,
         updated_at = clock_timestamp() WHERE id = $1 RETURNING ${COLUMNS}`,
      [id, url, description, events, active],
    );
    return row as WebhookRow;
  }

  /** Gives a webhook its next secret. */
  async changeSecret(tx: Tx, id: string): Promise<WebhookRow> {
    const [row] = await queryRows<WebhookRow>(
      tx,
      `UPDATE webhooks SET secret_version = secret_version + 1, secret_changed_at = clock_timestamp(),
         version = version + 1, updated_at = clock_timestamp() WHERE id = $1 RETURNING ${COLUMNS}`,
      [id],
    );
    return row as WebhookRow;
  }

  /** Removes a webhook and its log. */
  async delete(tx: Tx, id: string): Promise<void> {
    await queryRows(tx, 'DELETE FROM webhooks WHERE id = $1', [id]);
  }
}
