import { TasksModule } from '@hornbook/tasks';
import { Module } from '@nestjs/common';
import { AcceptTask } from './bulk/accept-task.js';
import { BulkKinds } from './bulk/bulk-kinds.js';
import { BulkController } from './bulk/bulk.controller.js';
import { BulkService } from './bulk/bulk.service.js';
import { DeleteController } from './bulk/delete/delete.controller.js';
import { DeleteService } from './bulk/delete/delete.service.js';
import { RowErrorsController } from './bulk/errors/row-errors.controller.js';
import { RowErrorsService } from './bulk/errors/row-errors.service.js';
import { ExportController } from './bulk/export/export.controller.js';
import { ExportService } from './bulk/export/export.service.js';
import { FinishTask } from './bulk/finish-task.js';
import { ImportStreamController } from './bulk/import/import-stream.controller.js';
import { ImportStreamService } from './bulk/import/import-stream.service.js';
import { ImportChunk } from './bulk/import/import-chunk.js';
import { LimitsController } from './bulk/limits.controller.js';
import { LimitsService } from './bulk/limits.service.js';
import { Presence } from './bulk/presence.js';
import { RequestRate } from './bulk/request-rate.js';
import { RetryController } from './bulk/retry/retry.controller.js';
import { RetryService } from './bulk/retry/retry.service.js';
import { EventStreams } from './bulk/stream/event-streams.js';
import { TaskStreamController } from './bulk/stream/task-stream.controller.js';
import { TasksController } from './bulk/tasks.controller.js';
import { TasksService } from './bulk/tasks.service.js';
import { Workers } from './bulk/workers.js';
import { CardWordsIndexer } from './cards/card-words.indexer.js';
import { CardsController } from './cards/cards.controller.js';
import { CardsRepository } from './cards/cards.repository.js';
import { CardsService } from './cards/cards.service.js';
import { CardBulkConfig } from './config.js';
import { MakeCardsWhenBatchIsImportedConsumer } from './dialogues/make-cards-when-batch-is-imported.consumer.js';
import { DownloadLinks } from './files/download-links.js';
import { ExportFiles } from './files/export-files.js';
import { fileProviders } from './files/file-store.provider.js';
import { FilesController } from './files/files.controller.js';
import { Uploads } from './files/uploads.js';
import { RewardsController } from './rewards/rewards.controller.js';
import { RewardsRepository } from './rewards/rewards.repository.js';
import { RewardsService } from './rewards/rewards.service.js';
import { SchedulesController } from './schedules/schedules.controller.js';
import { SchedulesService } from './schedules/schedules.service.js';
import { TasksLifecycle, tasksOptions } from './bulk/tasks-options.js';
import { webhookControllers, webhookProviders } from './webhooks/webhooks.providers.js';

/** Cards, what they earn, and what is done to them by the ten thousand. */
@Module({
  imports: [TasksModule.forRootAsync({ inject: [CardBulkConfig], useFactory: tasksOptions })],
  controllers: [
    CardsController,
    RewardsController,
    BulkController,
    DeleteController,
    ExportController,
    FilesController,
    ImportStreamController,
    RowErrorsController,
    LimitsController,
    RetryController,
    TaskStreamController,
    SchedulesController,
    TasksController,
    MakeCardsWhenBatchIsImportedConsumer,
    ...webhookControllers,
  ],
  providers: [
    AcceptTask,
    BulkKinds,
    BulkService,
    CardWordsIndexer,
    CardsRepository,
    CardsService,
    DeleteService,
    DownloadLinks,
    ExportFiles,
    ExportService,
    FinishTask,
    ImportChunk,
    ImportStreamService,
    EventStreams,
    LimitsService,
    Presence,
    RequestRate,
    RetryService,
    RewardsRepository,
    RowErrorsService,
    RewardsService,
    SchedulesService,
    TasksLifecycle,
    TasksService,
    Uploads,
    Workers,
    ...fileProviders,
    ...webhookProviders,
  ],
})
export class AppModule {}
