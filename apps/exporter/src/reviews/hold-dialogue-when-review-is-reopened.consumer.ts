import { GroundTruthReopened, type EventData } from '@hornbook/contracts';
import { Consumes, MessageContext } from '@hornbook/messaging';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { ONE_AT_A_TIME, ReviewDecisions } from './review-decisions.js';

/** Holds a dialogue back whose review begins anew, unless it is in a batch already. */
@Controller()
export class HoldDialogueWhenReviewIsReopenedConsumer {
  constructor(private readonly decisions: ReviewDecisions) {}

  @Consumes(GroundTruthReopened, {
    consumer: 'hold-dialogue-when-review-is-reopened',
    prefetch: ONE_AT_A_TIME,
  })
  async handle(
    @Payload() data: EventData<typeof GroundTruthReopened>,
    @Ctx() { tx }: MessageContext,
  ): Promise<void> {
    await this.decisions.apply(tx, data, { kind: 'reopened' });
  }
}
