import { Module } from '@nestjs/common';
import { BacklogGauges } from './batches/backlog-gauges.js';
import { BatchFormer } from './batches/batch-former.js';
import { BatchesController } from './batches/batches.controller.js';
import { BatchesRepository } from './batches/batches.repository.js';
import { Claims } from './batches/claims.js';
import { ConfirmExportWhenBatchIsImportedConsumer } from './batches/confirm-export-when-batch-is-imported.consumer.js';
import { Dispatcher } from './batches/dispatcher.js';
import { HistoryRetention } from './batches/history-retention.js';
import { ExportSchedule } from './batches/export-schedule.js';
import { RecordPlatformFailureWhenBatchFailedConsumer } from './batches/record-platform-failure-when-batch-failed.consumer.js';
import { Sender } from './batches/sender.js';
import { Settlement } from './batches/settlement.js';
import { DialoguesController } from './dialogues/dialogues.controller.js';
import { DialoguesRepository } from './dialogues/dialogues.repository.js';
import { DialoguesService } from './dialogues/dialogues.service.js';
import { ExportsController } from './exports/exports.controller.js';
import { ExportsService } from './exports/exports.service.js';
import { FailuresController } from './failures/failures.controller.js';
import { FailuresRepository } from './failures/failures.repository.js';
import { FailuresService } from './failures/failures.service.js';
import { Circuit } from './platform/circuit.js';
import { ExportTarget } from './platform/export-target.js';
import { PronieltsTarget } from './platform/pronielts-target.js';
import { HoldDialogueWhenReviewIsReopenedConsumer } from './reviews/hold-dialogue-when-review-is-reopened.consumer.js';
import { ReleaseDialogueWhenReviewIsApprovedConsumer } from './reviews/release-dialogue-when-review-is-approved.consumer.js';
import { ReviewDecisions } from './reviews/review-decisions.js';
import { ReviewRequests } from './reviews/review-requests.js';
import { WithdrawDialogueWhenReviewIsDeletedConsumer } from './reviews/withdraw-dialogue-when-review-is-deleted.consumer.js';

/** The exporter: dialogues in, batches out, failures kept. */
@Module({
  controllers: [
    DialoguesController,
    BatchesController,
    FailuresController,
    ExportsController,
    ConfirmExportWhenBatchIsImportedConsumer,
    RecordPlatformFailureWhenBatchFailedConsumer,
    ReleaseDialogueWhenReviewIsApprovedConsumer,
    WithdrawDialogueWhenReviewIsDeletedConsumer,
    HoldDialogueWhenReviewIsReopenedConsumer,
  ],
  providers: [
    { provide: ExportTarget, useClass: PronieltsTarget },
    Circuit,
    Claims,
    Settlement,
    Sender,
    Dispatcher,
    BatchFormer,
    ExportSchedule,
    HistoryRetention,
    BacklogGauges,
    BatchesRepository,
    DialoguesRepository,
    DialoguesService,
    ExportsService,
    FailuresRepository,
    FailuresService,
    ReviewDecisions,
    ReviewRequests,
  ],
})
export class AppModule {}
