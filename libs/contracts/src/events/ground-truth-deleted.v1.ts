import { z } from 'zod';
import { defineEvent } from './event.js';

/** A ground truth was deleted (it can be restored). Keyed by `<dataset>/<id>`; `version` as in `ground-truth.approved.v1`. */
export const GroundTruthDeleted = defineEvent({
  name: 'ground-truth.deleted.v1',
  description: 'A ground truth was deleted and is of no further use.',
  data: z.object({
    dataset: z.string(),
    id: z.string(),
    bucket: z.uuid(),
    /** The item's version after the deletion. */
    version: z.int().min(1),
    /** What the reviewer said about it, if anything. */
    reason: z.string().nullable(),
    /** Subject of who deleted it. */
    changedBy: z.string(),
    changedAt: z.iso.datetime(),
  }),
  example: {
    dataset: 'dialogues',
    id: '0197d0a4-3f5c-7abc-8def-0123456789ab',
    bucket: '5b2f9a54-8a57-4c59-9a4c-3c9d7f0a1e42',
    version: 3,
    reason: 'Speaks of a brand',
    changedBy: 'alice',
    changedAt: '2026-03-02T11:02:41.310Z',
  },
});
