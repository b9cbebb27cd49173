import { queryRows, type Tx } from '@hornbook/database';

/** What can happen to a dialogue or a batch. */
export type HistoryEvent =
  | 'submitted'
  | 'batched'
  | 'sending'
  | 'answered'
  | 'retry_scheduled'
  | 'deferred'
  | 'released'
  | 'confirmed'
  | 'replaced'
  | 'failed'
  | 'retry_requested'
  | 'resolved'
  | 'platform_failed'
  | 'review_requested'
  | 'review_approved'
  | 'review_withdrawn'
  | 'review_reopened';

/** One entry: of a dialogue, or of a whole batch when it names none. */
export interface HistoryNote {
  readonly event: HistoryEvent;
  readonly batchId?: string | undefined;
  readonly dialogueId?: string | undefined;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** Writes entries, in the given order, in one statement. */
export async function note(tx: Tx, notes: readonly HistoryNote[]): Promise<void> {
  if (notes.length === 0) return;
  const rows = notes.map(({ event, batchId, dialogueId, detail }) => ({
    event,
    batch_id: batchId ?? null,
    dialogue_id: dialogueId ?? null,
    detail: detail ?? {},
  }));
  await queryRows(
    tx,
    `INSERT INTO export_history (batch_id, dialogue_id, event, detail)
     SELECT batch_id, dialogue_id, event, detail
     FROM json_to_recordset($1::json) AS given (batch_id text, dialogue_id uuid, event text, detail jsonb)`,
    [JSON.stringify(rows)],
  );
}
