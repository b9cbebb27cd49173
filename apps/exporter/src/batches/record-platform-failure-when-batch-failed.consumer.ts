import { ContentBatchFailed, type EventData } from '@hornbook/contracts';
import { queryRows } from '@hornbook/database';
import { Consumes, MessageContext } from '@hornbook/messaging';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { note } from './history.js';

/** Adds to a batch's history why the platform could not store it. What is done about it the HTTP answer decides. */
@Controller()
export class RecordPlatformFailureWhenBatchFailedConsumer {
  @Consumes(ContentBatchFailed, { consumer: 'record-platform-failure-when-batch-failed' })
  async handle(
    @Payload() data: EventData<typeof ContentBatchFailed>,
    @Ctx() { tx }: MessageContext,
  ): Promise<void> {
    const { batch_id: batchId, payload_hash, attempt, reason, failed_at } = data;
    const ours = await queryRows(tx, `SELECT FROM export_batches WHERE batch_id = $1 AND payload_hash = $2`, [
      batchId,
      payload_hash,
    ]);
    if (ours.length === 0) return;
    await note(tx, [{ event: 'platform_failed', batchId, detail: { attempt, reason, failed_at } }]);
  }
}
