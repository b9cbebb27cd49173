import { z } from 'zod';
import { defineEvent } from './event.js';

/** A bulk operation of card-bulk came to its end, whichever. Keyed by task id. */
export const BulkTaskFinished = defineEvent({
  name: 'bulk.task.finished.v1',
  description: 'A bulk import, export or delete ended: SUCCESS, FAILURE or REVOKED.',
  data: z.object({
    task_id: z.uuid(),
    kind: z.string(),
    owner: z.string(),
    status: z.enum(['SUCCESS', 'FAILURE', 'REVOKED']),
    /** Sums by name, e.g. `cards_imported`. */
    counters: z.record(z.string(), z.number()),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    finished_at: z.iso.datetime(),
  }),
  example: {
    task_id: '019cb3a1-7c1e-7000-8000-5d1f6b9a0c11',
    kind: 'import',
    owner: 'user-1',
    status: 'SUCCESS',
    counters: { cards_imported: 1000, cards_failed: 0, cards_published: 800 },
    error: null,
    finished_at: '2026-03-02T10:15:02.120Z',
  },
});
