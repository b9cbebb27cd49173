import { onCommit, queryRows, type Tx } from '@hornbook/database';
import type { BulkDialogue } from '../dialogues/mapping.js';
import { noteBatchSize } from '../metrics.js';
import { writeBatch } from './batch-body.js';
import { drawBatchIds } from './batch-id-clock.js';
import { note } from './history.js';

/** Dialogues of one owner that become a batch, with their content in the platform's words. */
export interface BatchDraft {
  readonly owner: string;
  readonly dialogueIds: readonly string[];
  readonly dialogues: readonly BulkDialogue[];
  /** How many ids these dialogues lost to somebody else's batches. */
  readonly collisions?: number;
  /** The batch whose dialogues these were. */
  readonly replaces?: string;
}

/**
 * Makes batches: draws their ids, writes their exact bytes, and moves their dialogues into them, all in `tx`. From its
 * commit on a batch can be sent, by whichever process.
 * @param idGap see `drawBatchIds`
 * @returns ids, in the order of the drafts
 */
export async function sealBatches(
  tx: Tx,
  source: string,
  drafts: readonly BatchDraft[],
  idGap = 0,
): Promise<string[]> {
  if (drafts.length === 0) return [];
  const ids = await drawBatchIds(tx, drafts.length, idGap);
  const batches = drafts.map((draft, index) => {
    const batchId = ids[index] as string;
    return { ...draft, batchId, ...writeBatch(batchId, source, draft.dialogues) };
  });
  await queryRows(
    tx,
    `INSERT INTO export_batches (batch_id, owner, body, payload_hash, dialogue_count, collisions)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::integer[])`,
    [
      ids,
      batches.map(({ owner }) => owner),
      batches.map(({ body }) => body),
      batches.map(({ payloadHash }) => payloadHash),
      batches.map(({ dialogueIds }) => dialogueIds.length),
      batches.map(({ collisions }) => collisions ?? 0),
    ],
  );
  const places = batches.flatMap(({ batchId, dialogueIds }) =>
    dialogueIds.map((dialogueId, position) => ({ batchId, dialogueId, position })),
  );
  await queryRows(
    tx,
    `WITH place AS MATERIALIZED (
       SELECT * FROM unnest($1::text[], $2::integer[], $3::uuid[]) AS place (batch_id, position, dialogue_id)
     ), placed AS (
       INSERT INTO export_batch_dialogues (batch_id, position, dialogue_id) SELECT * FROM place
     )
     UPDATE sync_status SET status = 'batched', batch_id = place.batch_id, updated_at = now()
     FROM place WHERE sync_status.dialogue_id = place.dialogue_id`,
    [
      places.map(({ batchId }) => batchId),
      places.map(({ position }) => position),
      places.map(({ dialogueId }) => dialogueId),
    ],
  );
  await note(
    tx,
    batches.map(({ batchId, dialogueIds, replaces }) => ({
      event: 'batched',
      batchId,
      detail: { dialogues: dialogueIds.length, ...(replaces === undefined ? {} : { replaces }) },
    })),
  );
  onCommit(tx, () => {
    for (const { dialogueIds } of batches) noteBatchSize(dialogueIds.length);
  });
  return ids;
}
