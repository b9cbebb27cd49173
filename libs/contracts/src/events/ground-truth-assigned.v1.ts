import { z } from 'zod';
import { defineEvent } from './event.js';

/** Ground truths were handed to one reviewer, by one call: one event, however many. Keyed by `assignedTo`. */
export const GroundTruthAssigned = defineEvent({
  name: 'ground-truth.assigned.v1',
  description: 'Ground truths were handed to a reviewer.',
  mayBeUnheard: true,
  data: z.object({
    assignedTo: z.string(),
    /** Each with its version after the assignment. */
    items: z
      .array(z.object({ dataset: z.string(), id: z.string(), version: z.int().min(1) }))
      .min(1)
      .max(1000),
    changedBy: z.string(),
    changedAt: z.iso.datetime(),
  }),
  example: {
    assignedTo: 'alice',
    items: [{ dataset: 'travel', id: 'gt-0001', version: 2 }],
    changedBy: 'alice',
    changedAt: '2026-03-02T10:15:00.000Z',
  },
});
