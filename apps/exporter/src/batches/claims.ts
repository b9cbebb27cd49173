import { type BulkImportRequest } from '@hornbook/contracts';
import { Database } from '@hornbook/database';
import { Injectable } from '@nestjs/common';
import { ExporterConfig } from '../config.js';
import { readBatch } from './batch-body.js';

/** A batch that this process may send until its lease ends. */
export interface ClaimedBatch {
  readonly batchId: string;
  readonly body: string;
  readonly payloadHash: string;
  readonly request: BulkImportRequest;
  /** Fences the outcome: who claims later wins. */
  readonly claim: string;
  /** Sends before this one whose outcome nobody may know. */
  readonly earlierSends: number;
}

/*
 * Due are new batches, batches whose wait is over, and batches whose process has been silent for a whole lease: all
 * of them by `due_at`, which a claim moves to the end of its own lease. SKIP LOCKED lets replicas claim side by side.
 */
const CLAIM = `
  WITH due AS (
    SELECT batch_id FROM export_batches
    WHERE state IN ('ready', 'sending', 'waiting') AND due_at <= now()
      AND NOT EXISTS (SELECT FROM export_settings WHERE paused)
    ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
  ), claimed AS (
    UPDATE export_batches SET
      state = 'sending', claim = claim + 1, sends = sends + 1, due_at = now() + $2 * interval '1 millisecond',
      first_sent_at = coalesce(first_sent_at, now()), last_sent_at = now()
    FROM due WHERE export_batches.batch_id = due.batch_id
    RETURNING export_batches.batch_id, body, payload_hash, claim, sends
  ), noted AS (
    INSERT INTO export_history (batch_id, event, detail)
    SELECT batch_id, 'sending', jsonb_build_object('send', sends) FROM claimed
  )
  SELECT batch_id, body, payload_hash, claim::text, sends - 1 AS earlier_sends FROM claimed ORDER BY batch_id`;

/** Takes batches that are due, for this process to send. */
@Injectable()
export class Claims {
  constructor(
    private readonly database: Database,
    private readonly config: ExporterConfig,
  ) {}

  /** Takes at most `count` batches under a lease; none while exporting is paused. */
  async take(count: number): Promise<ClaimedBatch[]> {
    const rows = await this.database.query<{
      batch_id: string;
      body: string;
      payload_hash: string;
      claim: string;
      earlier_sends: number;
    }>(CLAIM, [count, this.config.leaseMs]);
    return rows.map(({ batch_id, body, payload_hash, claim, earlier_sends }) => ({
      batchId: batch_id,
      body,
      payloadHash: payload_hash,
      request: readBatch(body),
      claim,
      earlierSends: earlier_sends,
    }));
  }
}
