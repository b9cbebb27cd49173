import { GroundTruthDeleted, type EventData } from '@hornbook/contracts';
import { Consumes, MessageContext } from '@hornbook/messaging';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { ONE_AT_A_TIME, ReviewDecisions } from './review-decisions.js';

/** Keeps a dialogue that was deleted in review out of every export, unless it is in a batch already. */
@Controller()
export class WithdrawDialogueWhenReviewIsDeletedConsumer {
  constructor(private readonly decisions: ReviewDecisions) {}

  @Consumes(GroundTruthDeleted, {
    consumer: 'withdraw-dialogue-when-review-is-deleted',
    prefetch: ONE_AT_A_TIME,
  })
  async handle(
    @Payload() data: EventData<typeof GroundTruthDeleted>,
    @Ctx() { tx }: MessageContext,
  ): Promise<void> {
    await this.decisions.apply(tx, data, { kind: 'deleted' });
  }
}
