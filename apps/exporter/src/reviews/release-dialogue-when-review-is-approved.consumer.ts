import { GroundTruthApproved, type EventData } from '@hornbook/contracts';
import { Consumes, MessageContext } from '@hornbook/messaging';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { approvedContent } from './approved-content.js';
import { ONE_AT_A_TIME, ReviewDecisions } from './review-decisions.js';

/** Lets a dialogue leave, as its reviewer left it; edits that break the rules go to the failures instead. */
@Controller()
export class ReleaseDialogueWhenReviewIsApprovedConsumer {
  constructor(private readonly decisions: ReviewDecisions) {}

  @Consumes(GroundTruthApproved, {
    consumer: 'release-dialogue-when-review-is-approved',
    prefetch: ONE_AT_A_TIME,
  })
  async handle(
    @Payload() data: EventData<typeof GroundTruthApproved>,
    @Ctx() { tx }: MessageContext,
  ): Promise<void> {
    await this.decisions.apply(tx, data, { kind: 'approved', content: approvedContent(data.payload) });
  }
}
