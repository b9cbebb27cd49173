import { z } from 'zod';
import { defineEvent } from './event.js';

/** A reviewer passed a ground truth on; others may be served it. Keyed by `<dataset>/<id>`. */
export const GroundTruthSkipped = defineEvent({
  name: 'ground-truth.skipped.v1',
  description: 'A ground truth was skipped and is back in the pool.',
  mayBeUnheard: true,
  data: z.object({
    dataset: z.string(),
    id: z.string(),
    bucket: z.uuid(),
    version: z.int().min(1),
    reason: z.string().nullable(),
    changedBy: z.string(),
    changedAt: z.iso.datetime(),
  }),
  example: {
    dataset: 'travel',
    id: 'gt-0001',
    bucket: '5b2f9a54-8a57-4c59-9a4c-3c9d7f0a1e42',
    version: 3,
    reason: 'not_my_field',
    changedBy: 'alice',
    changedAt: '2026-03-02T10:20:00.000Z',
  },
});
