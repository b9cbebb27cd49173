import { Module } from '@nestjs/common';
import { ItemsModule } from '../items/items.module.js';
import { OpenReviewWhenDialogueReviewIsRequestedConsumer } from './open-review-when-dialogue-review-is-requested.consumer.js';

/** Dialogues that have to be reviewed before they are exported. */
@Module({ imports: [ItemsModule], controllers: [OpenReviewWhenDialogueReviewIsRequestedConsumer] })
export class ReviewRequestsModule {}
