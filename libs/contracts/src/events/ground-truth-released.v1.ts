import { z } from 'zod';
import { defineEvent } from './event.js';

/** Ground truths are no longer their reviewer's, whose edits stay. Keyed by `releasedFrom`. */
export const GroundTruthReleased = defineEvent({
  name: 'ground-truth.released.v1',
  description: 'Ground truths were taken from a reviewer without a decision.',
  mayBeUnheard: true,
  data: z.object({
    releasedFrom: z.string(),
    /** Given back by the reviewer, lease expired, transferred to somebody, or taken by force. */
    reason: z.enum(['user', 'expired', 'transfer', 'force']),
    items: z
      .array(z.object({ dataset: z.string(), id: z.string(), version: z.int().min(1) }))
      .min(1)
      .max(1000),
    changedBy: z.string(),
    changedAt: z.iso.datetime(),
  }),
  example: {
    releasedFrom: 'alice',
    reason: 'expired',
    items: [{ dataset: 'travel', id: 'gt-0001', version: 3 }],
    changedBy: 'system',
    changedAt: '2026-03-02T12:15:00.000Z',
  },
});
