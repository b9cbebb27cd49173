import { z } from 'zod';
import { defineEvent } from './event.js';

/** content-import could not store a batch; nothing of it was kept and it may be sent again. Keyed by `batch_id`. */
export const ContentBatchFailed = defineEvent({
  name: 'content.batch.failed.v1',
  description: 'A batch was rolled back; the same batch may be sent again.',
  data: z.object({
    batch_id: z.string(),
    source: z.string(),
    payload_hash: z.string(),
    /** How many times this batch has been tried, this time included. */
    attempt: z.int(),
    /** Safe to show: never SQL, host names or stacks. */
    reason: z.string(),
    failed_at: z.iso.datetime(),
  }),
  example: {
    batch_id: 'batch-2026-03-02-101500',
    source: 'automation-pipeline',
    payload_hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    attempt: 1,
    reason: 'internal_error',
    failed_at: '2026-03-02T10:15:02.120Z',
  },
});
