import { z } from 'zod';
import { defineEvent } from './event.js';

/**
 * An approved or deleted ground truth is a draft again: what was decided about it no longer holds. Keyed by
 * `<dataset>/<id>`; `version` as in `ground-truth.approved.v1`.
 */
export const GroundTruthReopened = defineEvent({
  name: 'ground-truth.reopened.v1',
  description: 'An approved or deleted ground truth became a draft again.',
  data: z.object({
    dataset: z.string(),
    id: z.string(),
    bucket: z.uuid(),
    /** The item's version after it was reopened. */
    version: z.int().min(1),
    fromStatus: z.enum(['approved', 'deleted']),
    /** Subject of who reopened it. */
    changedBy: z.string(),
    changedAt: z.iso.datetime(),
  }),
  example: {
    dataset: 'dialogues',
    id: '0197d0a4-3f5c-7abc-8def-0123456789ab',
    bucket: '5b2f9a54-8a57-4c59-9a4c-3c9d7f0a1e42',
    version: 4,
    fromStatus: 'approved',
    changedBy: 'carol',
    changedAt: '2026-03-02T13:40:09.007Z',
  },
});
