import { z } from 'zod';
import { defineEvent } from './event.js';

/** content-import stored a batch of dialogues (seed 000, section 3). Keyed by `batch_id`. */
export const ContentBatchImported = defineEvent({
  name: 'content.batch.imported.v1',
  description: 'A batch of dialogues was stored, all of it, exactly once.',
  data: z.object({
    batch_id: z.string(),
    source: z.string(),
    /** SHA-256 (hex) of the canonical payload, see `payloadHash`: tells our batch from a namesake. */
    payload_hash: z.string(),
    imported: z.object({
      dialogues: z.int(),
      phrases: z.int(),
      categories_created: z.int(),
    }),
    /** One entry a dialogue, in the order of the payload. */
    results: z.array(z.object({ title: z.string(), dialog_id: z.int(), phrase_ids: z.array(z.int()) })),
    processed_at: z.iso.datetime(),
  }),
  example: {
    batch_id: 'batch-2026-03-02-101500',
    source: 'automation-pipeline',
    payload_hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    imported: { dialogues: 1, phrases: 2, categories_created: 0 },
    results: [{ title: 'Ordering a coffee', dialog_id: 42, phrase_ids: [256, 257] }],
    processed_at: '2026-03-02T10:15:02.120Z',
  },
});
