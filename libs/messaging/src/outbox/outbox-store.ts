import type { Database } from '@hornbook/database';
import { v7 as uuidv7 } from 'uuid';
import type { OutboxRow } from './envelope.js';

/** Proof of the right to send: while `epoch` is current, no other relay of the service settles rows. */
export interface Lease {
  readonly epoch: string;
  /** Local monotonic time, milliseconds, by which it must be renewed. */
  readonly until: number;
}

/** What the relay learnt about a batch. */
export interface Settlement {
  /** Confirmed by the broker. */
  readonly sent: readonly string[];
  /** Refused; held back with everything else of their keys until the back-off ends. */
  readonly refused: readonly { readonly id: string; readonly error: string }[];
  /** The broker was away: sent again as soon as it is back. */
  readonly unsent: readonly { readonly id: string; readonly error: string }[];
}

/** Depth and age of what waits to be sent. */
export interface Backlog {
  readonly depth: number;
  readonly oldestSeconds: number;
}

/**
 * The outbox as SQL. One relay per service sends at a time: it holds the lease row, and every settling statement
 * renews that row by owner and epoch in the same breath, so a relay that slept through its lease changes nothing.
 */
export class OutboxStore {
  /** A process is an owner; UUIDs of a CSPRNG do not collide between hosts as pids do. */
  readonly owner = uuidv7();

  constructor(private readonly database: Database) {}

  /** Takes the lease when it is free, expired or ours. @returns undefined when another relay holds it */
  async claim(leaseMs: number): Promise<Lease | undefined> {
    const asked = performance.now();
    // SKIP LOCKED: a relay that is just settling keeps its lease, and nobody queues up behind it.
    const [row] = await this.database.query<{ epoch: string }>(
      `UPDATE outbox_lease SET owner = $1, epoch = epoch + 1, expires_at = clock_timestamp() + $2 * interval '1 ms'
       WHERE singleton = (SELECT singleton FROM outbox_lease
                     WHERE owner IS NULL OR owner = $1 OR expires_at < clock_timestamp() FOR UPDATE SKIP LOCKED)
       RETURNING epoch`,
      [this.owner, leaseMs],
    );
    return row && { epoch: row.epoch, until: asked + leaseMs };
  }

  /** Holds on to the lease. @returns undefined when it is lost */
  async renew(lease: Lease, leaseMs: number): Promise<Lease | undefined> {
    const asked = performance.now();
    const [row] = await this.database.query<{ epoch: string }>(
      `UPDATE outbox_lease SET expires_at = clock_timestamp() + $3 * interval '1 ms'
       WHERE owner = $1 AND epoch = $2 RETURNING epoch`,
      [this.owner, lease.epoch, leaseMs],
    );
    return row && { epoch: row.epoch, until: asked + leaseMs };
  }

  /** Lets the next relay start at once. */
  async release(lease: Lease): Promise<void> {
    await this.database.query(`UPDATE outbox_lease SET owner = NULL WHERE owner = $1 AND epoch = $2`, [
      this.owner,
      lease.epoch,
    ]);
  }

  /** The oldest unsent rows, without the keys that wait for a refused row's back-off. */
  async due(limit: number): Promise<OutboxRow[]> {
    return this.database.query<OutboxRow>(
      `SELECT id, message_id, event, key, data::text AS data, correlation_id, causation_id, traceparent, occurred_at
       FROM outbox_due($1)`,
      [limit],
    );
  }

  /** Writes down what became of a batch and renews the lease. @returns undefined, and nothing written, when it is lost */
  async settle(lease: Lease, leaseMs: number, settlement: Settlement): Promise<Lease | undefined> {
    const asked = performance.now();
    const { sent, refused, unsent } = settlement;
    const failed = [...refused, ...unsent];
    const [row] = await this.database.query<{ epoch: string }>(this.settleSql(), [
      this.owner,
      lease.epoch,
      leaseMs,
      sent,
      failed.map(({ id }) => id),
      failed.map(({ error }) => error.slice(0, 500)),
      [...refused.map(() => true), ...unsent.map(() => false)],
    ]);
    return row && { epoch: row.epoch, until: asked + leaseMs };
  }

  /** The statement behind `settle`; `$1` owner, `$2` epoch. Back-off: 0.5 s doubling to 60 s, with jitter. */
  protected settleSql(): string {
    return `
      WITH lease AS (
        UPDATE outbox_lease SET expires_at = clock_timestamp() + $3 * interval '1 ms'
        WHERE ${this.fence()} RETURNING epoch
      ), sent AS (
        UPDATE outbox SET published_at = clock_timestamp(), next_attempt_at = NULL, last_error = NULL
        FROM lease WHERE id = ANY ($4::bigint[])
      ), failed AS (
        UPDATE outbox AS o SET attempts = attempts + 1, last_error = f.error, next_attempt_at = CASE WHEN f.back_off THEN
          clock_timestamp() + least(60, 0.5 * 2 ^ least(attempts, 10)) * (0.8 + 0.2 * random()) * interval '1 s' END
        FROM lease, unnest($5::bigint[], $6::text[], $7::boolean[]) AS f (id, error, back_off)
        WHERE o.id = f.id AND o.published_at IS NULL
      )
      SELECT epoch FROM lease`;
  }

  /** Who may settle. */
  protected fence(): string {
    return 'owner = $1 AND epoch = $2';
  }

  /** Depth and oldest age of the unsent rows. */
  async backlog(): Promise<Backlog> {
    const [row] = await this.database.query<{ depth: string; oldest: string | null }>(
      `SELECT count(*) AS depth, extract(epoch FROM clock_timestamp() - min(occurred_at)) AS oldest
       FROM outbox WHERE published_at IS NULL`,
    );
    return { depth: Number(row?.depth ?? 0), oldestSeconds: Math.max(0, Number(row?.oldest ?? 0)) };
  }
}
