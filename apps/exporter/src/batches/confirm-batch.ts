import type { ImportedDialogue } from '@hornbook/contracts';
import { onCommit, queryRows, type Tx } from '@hornbook/database';
import { countConfirmed } from '../metrics.js';
import { readBatch } from './batch-body.js';
import { note } from './history.js';
import type { ConfirmedBy } from './outcome.js';
import { mismatchOf } from './results-match.js';

/** What a confirmation came to. */
export type Confirmation = 'confirmed' | 'already' | 'replaced' | 'unknown' | 'mismatch';

interface LockedBatch {
  readonly state: string;
  readonly body: string;
  readonly payload_hash: string;
  readonly dialogue_count: number;
  readonly first_sent_at: Date | null;
}

/**
 * Confirms a batch with the platform's ids, whoever brings the news: the answer, a read-back, an event. The first one
 * does it, under the row's lock; the others find it done. The truth needs no lease: a batch that failed meanwhile is
 * confirmed all the same, and its failure closed.
 * @param payloadHash what the platform says it stored, when it says so: a namesake with another one is not ours
 */
export async function confirmBatch(
  tx: Tx,
  news: {
    readonly batchId: string;
    readonly by: ConfirmedBy;
    readonly results: readonly ImportedDialogue[];
    readonly payloadHash?: string;
  },
): Promise<Confirmation> {
  const { batchId, by, results, payloadHash } = news;
  const [batch] = await queryRows<LockedBatch>(
    tx,
    `SELECT state, body, payload_hash, dialogue_count, first_sent_at FROM export_batches WHERE batch_id = $1 FOR UPDATE`,
    [batchId],
  );
  if (!batch || (payloadHash !== undefined && payloadHash !== batch.payload_hash)) return 'unknown';
  if (batch.state === 'confirmed') return 'already';
  if (batch.state === 'replaced') return 'replaced';
  if (mismatchOf(readBatch(batch.body), results) !== undefined) return 'mismatch';
  await queryRows(
    tx,
    `UPDATE export_batches SET state = 'confirmed', confirmed_by = $2, settled_at = now(), last_error_type = NULL, last_error = NULL
     WHERE batch_id = $1`,
    [batchId, by],
  );
  await backfill(tx, batchId, results);
  await queryRows(
    tx,
    `UPDATE export_failures SET resolved_at = now(), resolution = 'confirmed' WHERE batch_id = $1 AND resolved_at IS NULL`,
    [batchId],
  );
  await note(tx, [{ event: 'confirmed', batchId, detail: { by } }]);
  onCommit(tx, () => {
    countConfirmed({ firstSentAt: batch.first_sent_at, dialogues: batch.dialogue_count });
  });
  return 'confirmed';
}

async function backfill(tx: Tx, batchId: string, results: readonly ImportedDialogue[]): Promise<void> {
  const rows = results.map(({ dialog_id, phrase_ids }, position) => ({ position, dialog_id, phrase_ids }));
  await queryRows(
    tx,
    `UPDATE sync_status SET status = 'confirmed', pronielts_dialog_id = given.dialog_id, pronielts_phrase_ids = given.phrase_ids,
       confirmed_at = now(), updated_at = now()
     FROM json_to_recordset($2::json) AS given (position integer, dialog_id bigint, phrase_ids bigint[])
       JOIN export_batch_dialogues place ON place.batch_id = $1 AND place.position = given.position
     WHERE sync_status.dialogue_id = place.dialogue_id AND sync_status.batch_id = $1`,
    [batchId, JSON.stringify(rows)],
  );
}
