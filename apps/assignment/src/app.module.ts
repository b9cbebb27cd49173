import { Module } from '@nestjs/common';
import { AssignmentsController } from './assignments/assignments.controller.js';
import { AssignmentsService } from './assignments/assignments.service.js';
import { BulkController } from './assignments/bulk.controller.js';
import { BulkService } from './assignments/bulk.service.js';
import { SelfServeService } from './claims/self-serve.service.js';
import { Serving } from './claims/serving.js';
import { DatasetsController } from './datasets/datasets.controller.js';
import { DatasetsService } from './datasets/datasets.service.js';
import { GroundTruthsController } from './ground-truths/ground-truths.controller.js';
import { GroundTruthsService } from './ground-truths/ground-truths.service.js';
import { ImportsController } from './imports/imports.controller.js';
import { ImportsService } from './imports/imports.service.js';
import { ItemsModule } from './items/items.module.js';
import { Sweeper } from './leases/sweeper.js';
import { ReviewRequestsModule } from './review-requests/review-requests.module.js';
import { ReviewsModule } from './reviews/reviews.module.js';
import { SnapshotsModule } from './snapshots/snapshots.module.js';
import { StatisticsController } from './statistics/statistics.controller.js';
import { StatisticsService } from './statistics/statistics.service.js';
import { TagsController } from './tags/tags.controller.js';
import { TagsService } from './tags/tags.service.js';

/** Ground truths, who holds them, and what became of them. */
@Module({
  imports: [ItemsModule, ReviewsModule, SnapshotsModule, ReviewRequestsModule],
  controllers: [
    ImportsController,
    AssignmentsController,
    BulkController,
    StatisticsController,
    TagsController,
    DatasetsController,
    GroundTruthsController,
  ],
  providers: [
    AssignmentsService,
    BulkService,
    DatasetsService,
    GroundTruthsService,
    ImportsService,
    SelfServeService,
    Serving,
    StatisticsService,
    Sweeper,
    TagsService,
  ],
})
export class AppModule {}
