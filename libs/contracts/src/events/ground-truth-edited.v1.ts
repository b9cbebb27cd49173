import { z } from 'zod';
import { defineEvent } from './event.js';

/** Content, priority or due date of a ground truth changed, its status did not. Keyed by `<dataset>/<id>`. */
export const GroundTruthEdited = defineEvent({
  name: 'ground-truth.edited.v1',
  description: 'A ground truth was changed without a decision about it.',
  mayBeUnheard: true,
  data: z.object({
    dataset: z.string(),
    id: z.string(),
    bucket: z.uuid(),
    version: z.int().min(1),
    /** Members of its content that changed; empty when only priority or due date did. */
    members: z.array(z.string()),
    changedBy: z.string(),
    changedAt: z.iso.datetime(),
  }),
  example: {
    dataset: 'travel',
    id: 'gt-0001',
    bucket: '5b2f9a54-8a57-4c59-9a4c-3c9d7f0a1e42',
    version: 3,
    members: ['answer'],
    changedBy: 'alice',
    changedAt: '2026-03-02T10:18:00.000Z',
  },
});
