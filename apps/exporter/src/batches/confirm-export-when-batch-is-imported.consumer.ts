import { ContentBatchImported, type EventData } from '@hornbook/contracts';
import { Consumes, MessageContext } from '@hornbook/messaging';
import { Controller, Logger } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { confirmBatch } from './confirm-batch.js';

/**
 * Confirms a batch of ours when the platform's event tells that it is stored: the HTTP answer may be lost, or still
 * on its way. Batches of other senders, also those with an id of ours and another payload, are none of our business.
 */
@Controller()
export class ConfirmExportWhenBatchIsImportedConsumer {
  private readonly logger = new Logger(ConfirmExportWhenBatchIsImportedConsumer.name);

  @Consumes(ContentBatchImported, { consumer: 'confirm-export-when-batch-is-imported' })
  async handle(
    @Payload() data: EventData<typeof ContentBatchImported>,
    @Ctx() message: MessageContext,
  ): Promise<void> {
    const { batch_id: batchId, payload_hash: payloadHash, results } = data;
    const confirmation = await confirmBatch(message.tx, { batchId, by: 'event', results, payloadHash });
    if (confirmation === 'replaced' || confirmation === 'mismatch') {
      this.logger.error({
        msg: 'the platform stored a batch that cannot be confirmed',
        batch_id: batchId,
        confirmation,
      });
    } else {
      this.logger.debug({ msg: 'batch imported', batch_id: batchId, confirmation });
    }
  }
}
