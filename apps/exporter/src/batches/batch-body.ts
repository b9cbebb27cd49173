import { payloadHash, type BulkImportRequest } from '@hornbook/contracts';
import type { BulkDialogue } from '../dialogues/mapping.js';

/** What is stored of a batch before its first send, and sent each time. */
export interface BatchBody {
  /** The exact JSON text. */
  readonly body: string;
  readonly payloadHash: string;
}

/** Writes the request of a batch, once and for all. */
export function writeBatch(batchId: string, source: string, dialogues: readonly BulkDialogue[]): BatchBody {
  const request: BulkImportRequest = { dialogues: [...dialogues], source, batch_id: batchId };
  return { body: JSON.stringify(request), payloadHash: payloadHash(request) };
}

/** The request inside a body that `writeBatch` wrote. */
export function readBatch(body: string): BulkImportRequest {
  return JSON.parse(body) as BulkImportRequest;
}
