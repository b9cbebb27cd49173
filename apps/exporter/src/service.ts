import { pronieltsErrorMembers } from '@hornbook/contracts';
import { defineService } from '@hornbook/service-kit';
import { AppModule } from './app.module.js';
import { BatchIdClockRow } from './batches/batch-id-clock.entity.js';
import { ExportBatchDialogueRow } from './batches/export-batch-dialogue.entity.js';
import { ExportBatchRow } from './batches/export-batch.entity.js';
import { ExportHistoryRow } from './batches/export-history.entity.js';
import { ExporterConfig } from './config.js';
import { ExporterTables1772355600000 } from './database/migrations/1772355600000-exporter-tables.js';
import { DialogueReviews1772442000000 } from './database/migrations/1772442000000-dialogue-reviews.js';
import { HistoryRetention1774200000000 } from './database/migrations/1774200000000-history-retention.js';
import { GeneratedDialogueRow } from './dialogues/generated-dialogue.entity.js';
import { GeneratedPhraseRow } from './dialogues/generated-phrase.entity.js';
import { SyncStatusRow } from './dialogues/sync-status.entity.js';
import { ExportFailureRow } from './failures/export-failure.entity.js';
import { DialogueReviewRow } from './reviews/dialogue-review.entity.js';
import { ExportSettingsRow } from './settings/export-settings.entity.js';

/** 500 dialogues of 12 turns of 500 characters, each of them up to 4 bytes, and what JSON adds. */
const LARGEST_SUBMISSION = 16 * 1024 * 1024;

/** The automation side of seed 000: takes generated dialogues and brings them to the PronIELTS platform. */
export const exporter = defineService({
  name: 'exporter',
  version: '0.1.0',
  description: 'Takes generated dialogues and brings each to the PronIELTS platform exactly once.',
  config: ExporterConfig,
  module: AppModule,
  entities: [
    GeneratedDialogueRow,
    GeneratedPhraseRow,
    SyncStatusRow,
    ExportBatchRow,
    ExportBatchDialogueRow,
    ExportHistoryRow,
    ExportFailureRow,
    ExportSettingsRow,
    BatchIdClockRow,
    DialogueReviewRow,
  ],
  migrations: [ExporterTables1772355600000, DialogueReviews1772442000000, HistoryRetention1774200000000],
  errorMembers: pronieltsErrorMembers,
  bodyLimit: LARGEST_SUBMISSION,
});
