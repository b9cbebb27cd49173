import { pronieltsErrorMembers } from '@hornbook/contracts';
import { defineService } from '@hornbook/service-kit';
import { AppModule } from './app.module.js';
import { Category } from './categories/category.entity.js';
import { ContentImportConfig } from './config.js';
import { ContentTables1772355600000 } from './database/migrations/1772355600000-content-tables.js';
import { Dialog } from './dialogs/dialog.entity.js';
import { Phrase } from './dialogs/phrase.entity.js';
import { MAX_BATCH_BYTES } from './import-batches/batch-payload.js';
import { ImportBatch } from './import-batches/import-batch.entity.js';

/** The PronIELTS side of the content pipeline (seed 000): takes batches of dialogues in and hands dialogues out. */
export const contentImport = defineService({
  name: 'content-import',
  version: '0.1.0',
  description: 'Takes batches of dialogues in, each once, and hands out categories, dialogues and phrases.',
  config: ContentImportConfig,
  module: AppModule,
  entities: [ImportBatch, Category, Dialog, Phrase],
  migrations: [ContentTables1772355600000],
  errorMembers: pronieltsErrorMembers,
  bodyLimit: MAX_BATCH_BYTES,
});
