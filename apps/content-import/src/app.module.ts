import { Module } from '@nestjs/common';
import { CategoriesController } from './categories/categories.controller.js';
import { CategoriesService } from './categories/categories.service.js';
import { DialogsController } from './dialogs/dialogs.controller.js';
import { DialogsRepository } from './dialogs/dialogs.repository.js';
import { DialogsService } from './dialogs/dialogs.service.js';
import { BulkImportRepository } from './import-batches/bulk-import.repository.js';
import { BulkImportService } from './import-batches/bulk-import.service.js';
import { ImportBatchesController } from './import-batches/import-batches.controller.js';
import { ImportBatchesRepository } from './import-batches/import-batches.repository.js';
import { ImportBatchesService } from './import-batches/import-batches.service.js';

/** Import batches and what they brought. */
@Module({
  controllers: [ImportBatchesController, CategoriesController, DialogsController],
  providers: [
    BulkImportRepository,
    BulkImportService,
    CategoriesService,
    DialogsRepository,
    DialogsService,
    ImportBatchesRepository,
    ImportBatchesService,
  ],
})
export class AppModule {}
