import { Module } from '@nestjs/common';
import { AgreementController } from '../agreement/agreement.controller.js';
import { AgreementService } from '../agreement/agreement.service.js';
import { ItemsModule } from '../items/items.module.js';
import { AdjudicationController } from './adjudication.controller.js';
import { AdjudicationService } from './adjudication.service.js';
import { ReviewsController } from './reviews.controller.js';
import { ReviewsRepository } from './reviews.repository.js';
import { ReviewsService } from './reviews.service.js';

/** Several reviewers an item, agreement between them, adjudication. */
@Module({
  imports: [ItemsModule],
  controllers: [ReviewsController, AdjudicationController, AgreementController],
  providers: [ReviewsRepository, ReviewsService, AdjudicationService, AgreementService],
  exports: [ReviewsService],
})
export class ReviewsModule {}
