import { TasksModule } from '@hornbook/tasks';
import { Module } from '@nestjs/common';
import { AcceptTask } from './bulk/accept-task.js';
import { BulkKinds } from './bulk/bulk-kinds.js';
import { BulkController } from './bulk/bulk.controller.js';
import { BulkService } from './bulk/bulk.service.js';
import { FinishTask } from './bulk/finish-task.js';
import { ImportChunk } from './bulk/import/import-chunk.js';
import { Presence } from './bulk/presence.js';
import { TasksController } from './bulk/tasks.controller.js';
import { TasksService } from './bulk/tasks.service.js';
import { CardsController } from './cards/cards.controller.js';
import { CardsRepository } from './cards/cards.repository.js';
import { CardsService } from './cards/cards.service.js';
import { CardBulkConfig } from './config.js';
import { fileProviders } from './files/file-store.provider.js';
import { RewardsController } from './rewards/rewards.controller.js';
import { RewardsRepository } from './rewards/rewards.repository.js';
import { RewardsService } from './rewards/rewards.service.js';
import { TasksLifecycle, tasksOptions } from './bulk/tasks-options.js';

/** Cards, what they earn, and what is done to them by the ten thousand. */
@Module({
  imports: [TasksModule.forRootAsync({ inject: [CardBulkConfig], useFactory: tasksOptions })],
  controllers: [CardsController, RewardsController, BulkController, TasksController],
  providers: [
    AcceptTask,
    BulkKinds,
    BulkService,
    CardsRepository,
    CardsService,
    FinishTask,
    ImportChunk,
    Presence,
    RewardsRepository,
    RewardsService,
    TasksLifecycle,
    TasksService,
    ...fileProviders,
  ],
})
export class AppModule {}
