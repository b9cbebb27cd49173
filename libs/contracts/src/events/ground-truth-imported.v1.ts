import { z } from 'zod';
import { defineEvent } from './event.js';

/** Ground truths came into a dataset: at most 1,000 ids an event, so a large import is told by several. Keyed by `dataset`. */
export const GroundTruthImported = defineEvent({
  name: 'ground-truth.imported.v1',
  description: 'Ground truths were added to a dataset.',
  mayBeUnheard: true,
  data: z.object({
    dataset: z.string(),
    ids: z.array(z.string()).min(1).max(1000),
    /** Subject of who imported them. */
    changedBy: z.string(),
    changedAt: z.iso.datetime(),
  }),
  example: {
    dataset: 'travel',
    ids: ['gt-0001', 'gt-0002'],
    changedBy: 'pipeline',
    changedAt: '2026-03-02T09:00:00.000Z',
  },
});
