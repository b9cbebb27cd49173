import {
  ContentBatchFailed,
  ContentBatchImported,
  payloadHash,
  type BulkImportRequest,
  type BulkImportResponse,
} from '@hornbook/contracts';
import { Database, type Tx } from '@hornbook/database';
import { Outbox } from '@hornbook/messaging';
import { ProblemError } from '@hornbook/service-kit';
import { Injectable, Logger } from '@nestjs/common';
import { categoriesOf, countPhrases } from './batch-payload.js';
import { BulkImportRepository } from './bulk-import.repository.js';
import { failureReason } from './failure-reason.js';
import { BatchInProgressError, DuplicateBatchError } from './import-batches.errors.js';
import { ImportBatchesRepository } from './import-batches.repository.js';
import type { DryRunResponse } from './import-batches.schemas.js';
import { countImport, countRows } from './import-metrics.js';

/**
 * Stores batches of dialogues. A batch is stored whole and once: claim, categories, dialogues, phrases and event are
 * one transaction, so whatever interrupts it leaves nothing, and nothing stands in the way of the next try.
 */
@Injectable()
export class BulkImportService {
  private readonly logger = new Logger(BulkImportService.name);

  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly imports: BulkImportRepository,
    private readonly batches: ImportBatchesRepository,
  ) {}

  /**
   * Stores a batch.
   * @param requestId names the request in what is recorded of a failure
   * @throws DuplicateBatchError, BatchInProgressError; anything else after the failure was recorded
   */
  async import(request: BulkImportRequest, requestId: string): Promise<BulkImportResponse> {
    const hash = payloadHash(request);
    try {
      const response = await this.database.transaction((tx) => this.store(tx, request, hash));
      countImport('imported');
      countRows(response.imported);
      this.logger.log({ msg: 'batch imported', batch_id: request.batch_id, ...response.imported });
      return response;
    } catch (error) {
      // What we threw ourselves is an answer, not a failure of the batch.
      if (!(error instanceof ProblemError))
        await this.recordFailure(request, hash, failureReason(error, requestId));
      throw error;
    }
  }

  /** Says what `import` would do, without doing it. @throws DuplicateBatchError */
  async preview(request: BulkImportRequest): Promise<DryRunResponse> {
    const { batch_id, dialogues } = request;
    const tx = this.database.dataSource.manager;
    await this.refuseCompleted(tx, batch_id, payloadHash(request));
    const categoriesCreated = await this.imports.countMissingCategories(tx, categoriesOf(request));
    countImport('dry_run');
    return {
      success: true,
      dry_run: true,
      batch_id,
      imported: {
        dialogues: dialogues.length,
        phrases: countPhrases(request),
        categories_created: categoriesCreated,
      },
      results: dialogues.map(({ title }) => ({ title })),
      processed_at: new Date().toISOString(),
    };
  }

  private async store(tx: Tx, request: BulkImportRequest, hash: string): Promise<BulkImportResponse> {
    const { batch_id, source, dialogues } = request;
    const batch = await this.imports.claim(tx, request, hash);
    if (!batch) {
      await this.refuseCompleted(tx, batch_id, hash);
      countImport('in_progress');
      throw new BatchInProgressError(batch_id);
    }
    const results = await this.imports.store(tx, request, batch);
    const imported = {
      dialogues: dialogues.length,
      phrases: countPhrases(request),
      categories_created: batch.categories_created,
    };
    const processed_at = batch.processed_at.toISOString();
    await this.outbox.publish(tx, ContentBatchImported, {
      key: batch_id,
      data: { batch_id, source, payload_hash: hash, imported, results, processed_at },
    });
    return { success: true, batch_id, imported, results, processed_at };
  }

  private async refuseCompleted(tx: Tx, batchId: string, hash: string): Promise<void> {
    const batch = await this.batches.find(tx, batchId);
    if (batch?.status !== 'completed') return;
    countImport('duplicate');
    throw new DuplicateBatchError(batchId, {
      importedAt: batch.processedAt,
      dialogues: batch.dialoguesCount,
      payloadMatches: batch.payloadHash === hash,
      results: await this.batches.results(tx, batch.id),
    });
  }

  private async recordFailure(request: BulkImportRequest, hash: string, reason: string): Promise<void> {
    countImport('failed');
    const { batch_id, source } = request;
    try {
      await this.database.transaction(async (tx) => {
        const failure = await this.imports.recordFailure(tx, request, hash, reason);
        if (!failure) return;
        const { attempts: attempt, processed_at } = failure;
        await this.outbox.publish(tx, ContentBatchFailed, {
          key: batch_id,
          data: {
            batch_id,
            source,
            payload_hash: hash,
            attempt,
            reason,
            failed_at: processed_at.toISOString(),
          },
        });
      });
    } catch (error) {
      // The caller is told of the failure either way; that of the record must not hide the first one.
      this.logger.error({ msg: 'a failed batch could not be recorded', batch_id, err: error });
    }
  }
}
