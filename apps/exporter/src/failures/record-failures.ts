import { queryRows, type Tx } from '@hornbook/database';
import type { ErrorType, ExportError, Outcome } from '../batches/outcome.js';

/** Puts a whole batch into `export_failures`: its dialogues wait for a person from now on. */
export async function recordBatchFailure(
  tx: Tx,
  batchId: string,
  { errorType, message }: ExportError,
): Promise<void> {
  await queryRows(
    tx,
    `WITH batch AS (
       UPDATE export_batches SET state = 'failed', settled_at = now(), last_error_type = $2, last_error = $3
       WHERE batch_id = $1 RETURNING batch_id, owner, body
     ), dialogues AS (
       UPDATE sync_status SET status = 'failed', updated_at = now() WHERE batch_id = $1 AND status = 'batched'
       RETURNING dialogue_id, retry_count
     ), failure AS (
       INSERT INTO export_failures (owner, batch_id, dialogue_ids, error_type, error_message, payload, whole_batch, retry_count)
       SELECT owner, batch_id, ids.dialogue_ids, $2, $3, body::jsonb, true, ids.retry_count
       FROM batch, (SELECT array_agg(dialogue_id ORDER BY dialogue_id) AS dialogue_ids, max(retry_count) AS retry_count FROM dialogues) AS ids
       RETURNING id
     )
     INSERT INTO export_history (batch_id, event, detail)
     SELECT $1, 'failed', jsonb_build_object('failure_id', id, 'error_type', $2::text, 'message', $3::text) FROM failure`,
    [batchId, errorType, message],
  );
}

/** Puts the dialogues that the platform named into `export_failures`, one entry each. */
export async function recordDialogueFailures(
  tx: Tx,
  { batchId }: { readonly batchId: string },
  { errorType, faults }: Extract<Outcome, { kind: 'refused' }>,
): Promise<void> {
  const named: (ExportError & { position: number })[] = [...faults].map(([position, message]) => ({
    position,
    errorType,
    message,
  }));
  await queryRows(
    tx,
    `WITH named AS MATERIALIZED (
       SELECT place.dialogue_id, given.position, given.message
       FROM unnest($2::integer[], $3::text[]) AS given (position, message)
         JOIN export_batch_dialogues place ON place.batch_id = $1 AND place.position = given.position
     ), dialogues AS (
       UPDATE sync_status SET status = 'failed', updated_at = now() FROM named
       WHERE sync_status.dialogue_id = named.dialogue_id AND status = 'batched'
       RETURNING named.dialogue_id, named.position, named.message, sync_status.retry_count
     ), failure AS (
       INSERT INTO export_failures (owner, batch_id, dialogue_ids, error_type, error_message, payload, whole_batch, retry_count)
       SELECT owner, batch_id, ARRAY[dialogue_id], $4, message, body::jsonb -> 'dialogues' -> position, false, retry_count
       FROM dialogues, export_batches WHERE batch_id = $1 ORDER BY position
       RETURNING id, dialogue_ids, error_message
     )
     INSERT INTO export_history (batch_id, dialogue_id, event, detail)
     SELECT $1, dialogue_ids[1], 'failed', jsonb_build_object('failure_id', id, 'error_type', $4::text, 'message', error_message) FROM failure`,
    [batchId, named.map(({ position }) => position), named.map(({ message }) => message), errorType],
  );
}

/** Puts a dialogue whose approved edits broke the rules into `export_failures`, with the edits as they were approved. */
export async function recordReviewFailure(
  tx: Tx,
  dialogueId: string,
  message: string,
  payload: unknown,
): Promise<void> {
  const errorType: ErrorType = 'invalid_review_edits';
  await queryRows(
    tx,
    `WITH failure AS (
       INSERT INTO export_failures (owner, dialogue_ids, error_type, error_message, payload, whole_batch, retry_count)
       SELECT owner, ARRAY[dialogue_id], $2, $3, $4::jsonb, false, retry_count FROM sync_status WHERE dialogue_id = $1
       RETURNING id
     )
     INSERT INTO export_history (dialogue_id, event, detail)
     SELECT $1, 'failed', jsonb_build_object('failure_id', id, 'error_type', $2::text, 'message', $3::text) FROM failure`,
    [dialogueId, errorType, message, JSON.stringify(payload)],
  );
}

/** Closes the open failure of a single dialogue, if it has one, because its review has decided anew. */
export async function closeFailureByReview(
  tx: Tx,
  { dialogueId, batchId }: { readonly dialogueId: string; readonly batchId: string | null },
  resolution: 'approved' | 'withdrawn' | 'reopened',
  by: string,
): Promise<void> {
  await queryRows(
    tx,
    `UPDATE export_failures SET resolved_at = now(), resolution = $2, resolved_by = $3
     WHERE dialogue_ids = ARRAY[$1::uuid] AND NOT whole_batch AND resolved_at IS NULL
       AND ${batchId === null ? 'batch_id IS NULL' : 'batch_id = $4'}`,
    [dialogueId, resolution, by, ...(batchId === null ? [] : [batchId])],
  );
}
