import { z } from 'zod';
import { defineEvent } from './event.js';

/** One of several reviewers of a ground truth has answered. Keyed by `<dataset>/<id>`. */
export const GroundTruthReviewed = defineEvent({
  name: 'ground-truth.reviewed.v1',
  description: 'One of several reviewers of a ground truth submitted a review.',
  mayBeUnheard: true,
  data: z.object({
    dataset: z.string(),
    id: z.string(),
    bucket: z.uuid(),
    /** Which pass through its reviewers: 1, 2, … */
    round: z.int().min(1),
    slot: z.int().min(1),
    verdict: z.enum(['approved', 'deleted']),
    reviewer: z.string(),
    /** Reviews of this round that are in, and how many it needs. */
    submitted: z.int().min(1),
    required: z.int().min(2),
    submittedAt: z.iso.datetime(),
  }),
  example: {
    dataset: 'travel',
    id: 'quiet-harbour',
    bucket: '5b2f9a54-8a57-4c59-9a4c-3c9d7f0a1e42',
    round: 1,
    slot: 2,
    verdict: 'approved',
    reviewer: 'alice',
    submitted: 2,
    required: 3,
    submittedAt: '2026-03-02T11:02:41.310Z',
  },
});
