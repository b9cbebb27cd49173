import { batchIdPattern } from '@hornbook/contracts';
import { Database } from '@hornbook/database';
import { NotFoundError } from '@hornbook/service-kit';
import { Injectable } from '@nestjs/common';
import { idPage, readIdCursor } from '../paging/id-page.js';
import type { ImportBatch } from './import-batch.entity.js';
import { ImportBatchesRepository } from './import-batches.repository.js';
import type {
  ImportBatchDetail,
  ImportBatchListQuery,
  ImportBatchPage,
  ImportBatchView,
} from './import-batches.schemas.js';

/** Tells what became of batches. */
@Injectable()
export class ImportBatchesService {
  constructor(
    private readonly database: Database,
    private readonly batches: ImportBatchesRepository,
  ) {}

  /** @throws NotFoundError */
  async get(batchId: string): Promise<ImportBatchDetail> {
    const tx = this.database.dataSource.manager;
    // What cannot be a batch id need not be looked up; it may hold what Postgres refuses as text.
    const batch = batchIdPattern.test(batchId) ? await this.batches.find(tx, batchId) : null;
    if (!batch) throw new NotFoundError(`Batch ${batchId.slice(0, 100)}`);
    return { ...view(batch), results: await this.batches.results(tx, batch.id) };
  }

  /** One page, newest first. */
  async list({ limit, cursor, source, status }: ImportBatchListQuery): Promise<ImportBatchPage> {
    const filter = { source, status, before: readIdCursor(cursor) };
    const found = await this.batches.list(this.database.dataSource.manager, filter, limit + 1);
    const { rows, next_cursor } = idPage(found, limit);
    return { items: rows.map(view), next_cursor };
  }
}

function view(batch: ImportBatch): ImportBatchView {
  return {
    batch_id: batch.batchId,
    source: batch.source,
    status: batch.status,
    attempts: batch.attempts,
    imported: {
      dialogues: batch.dialoguesCount,
      phrases: batch.phrasesCount,
      categories_created: batch.categoriesCreated,
    },
    error_message: batch.errorMessage,
    payload_hash: batch.payloadHash,
    created_at: batch.createdAt.toISOString(),
    processed_at: batch.processedAt.toISOString(),
  };
}
