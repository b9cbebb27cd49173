import type { ImportedDialogue } from '@hornbook/contracts';
import { ProblemError, ValidationError } from '@hornbook/service-kit';

/** Seconds until a batch that is being stored is worth asking about again; storing one takes well under a second. */
const RETRY_AFTER_SECONDS = 2;

/** The import that a duplicate repeats. */
export interface OriginalImport {
  readonly importedAt: Date;
  readonly dialogues: number;
  readonly results: readonly ImportedDialogue[];
  /** Whether the duplicate carries the payload that was imported. */
  readonly payloadMatches: boolean;
}

/** The batch is in: 409 `duplicate_batch` with what seed 000 says of the original import, and the ids it made. */
export class DuplicateBatchError extends ProblemError {
  constructor(batchId: string, { importedAt, dialogues, results, payloadMatches }: OriginalImport) {
    super('duplicate_batch', {
      detail: `Batch ${batchId} has already been processed`,
      members: {
        original_import: { imported_at: importedAt.toISOString(), dialogues },
        payload_matches: payloadMatches,
        results,
      },
    });
  }
}

/** Another request is storing the same batch at this moment: 409 `batch_in_progress`. */
export class BatchInProgressError extends ProblemError {
  constructor(batchId: string) {
    super('batch_in_progress', {
      detail: `Batch ${batchId} is being processed; ask again in ${String(RETRY_AFTER_SECONDS)} seconds`,
      headers: { 'retry-after': String(RETRY_AFTER_SECONDS) },
    });
  }
}

/** The header and the body name different batches: 400. */
export class BatchIdMismatchError extends ValidationError {
  constructor(header: string, batchId: string) {
    const error = `X-Batch-Id header does not match batch_id in body (${JSON.stringify(header.slice(0, 100))}, ${JSON.stringify(batchId)})`;
    super([{ field: 'X-Batch-Id', error, code: 'mismatch' }]);
  }
}
