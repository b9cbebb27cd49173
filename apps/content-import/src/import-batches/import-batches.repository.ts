import type { ImportedDialogue } from '@hornbook/contracts';
import { queryRows, type Tx } from '@hornbook/database';
import { Injectable } from '@nestjs/common';
import { LessThan } from 'typeorm';
import { ImportBatch } from './import-batch.entity.js';
import type { BatchStatus } from './import-batches.schemas.js';

/** Which batches are listed. */
export interface ImportBatchFilter {
  readonly source?: string | undefined;
  readonly status?: BatchStatus | undefined;
  /** Only batches that were made before the one with this id. */
  readonly before?: number | undefined;
}

// The order of ids is that of the payload: they were drawn in it, by one statement.
const RESULTS = `
  SELECT dialogs.title, dialogs.id AS dialog_id, array_agg(phrases.id ORDER BY phrases."order") AS phrase_ids
  FROM dialogs JOIN phrases ON phrases.dialog_id = dialogs.id
  WHERE dialogs.import_batch_id = $1
  GROUP BY dialogs.id
  ORDER BY dialogs.id`;

/** Reads batches. */
@Injectable()
export class ImportBatchesRepository {
  /** A batch by the caller's id, or null. */
  async find(tx: Tx, batchId: string): Promise<ImportBatch | null> {
    return tx.findOneBy(ImportBatch, { batchId });
  }

  /** Ids that a batch gave, in the order of its payload. */
  async results(tx: Tx, id: number): Promise<ImportedDialogue[]> {
    return queryRows<ImportedDialogue>(tx, RESULTS, [id]);
  }

  /** Batches, newest first. */
  async list(tx: Tx, { source, status, before }: ImportBatchFilter, limit: number): Promise<ImportBatch[]> {
    return tx.find(ImportBatch, {
      where: {
        ...(source === undefined ? {} : { source }),
        ...(status === undefined ? {} : { status }),
        ...(before === undefined ? {} : { id: LessThan(before) }),
      },
      order: { id: 'DESC' },
      take: limit,
    });
  }
}
