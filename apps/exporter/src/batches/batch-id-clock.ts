import { queryRows, type Tx } from '@hornbook/database';
import { batchIdsUpTo } from './batch-id.js';

/**
 * `count` batch ids that no batch of ours has, oldest first. An id names a second, so several batches of one second
 * take the following seconds; under sustained load the ids run ahead of the time of day, which the platform does not
 * mind. The clock's row stays locked until `tx` ends: draw late.
 * @param gap seconds to leave free first, to get away from somebody else's ids
 */
export async function drawBatchIds(tx: Tx, count: number, gap = 0): Promise<string[]> {
  const [row] = await queryRows<{ last: Date }>(
    tx,
    `UPDATE batch_id_clock
     SET last = greatest(date_trunc('second', clock_timestamp()), last + interval '1 second') + $1 * interval '1 second'
     RETURNING last`,
    [count - 1 + gap],
  );
  if (!row) throw new Error('batch_id_clock has lost its row');
  return batchIdsUpTo(row.last, count);
}

/** Makes whoever forms batches wait for whoever does so now, until the end of `tx`. */
export async function lockBatchIdClock(tx: Tx): Promise<void> {
  await queryRows(tx, 'SELECT 1 FROM batch_id_clock FOR UPDATE');
}
