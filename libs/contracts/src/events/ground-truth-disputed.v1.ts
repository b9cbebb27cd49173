import { z } from 'zod';
import { defineEvent } from './event.js';

/** The reviewers of a ground truth do not agree; a curator has to decide. Keyed by `<dataset>/<id>`. */
export const GroundTruthDisputed = defineEvent({
  name: 'ground-truth.disputed.v1',
  description: 'All reviews of a ground truth are in and do not agree; it waits for adjudication.',
  mayBeUnheard: true,
  data: z.object({
    dataset: z.string(),
    id: z.string(),
    bucket: z.uuid(),
    /** Which pass through its reviewers: 1, 2, … */
    round: z.int().min(1),
    /** How many reviews say what. */
    verdicts: z.object({ approved: z.int(), edited: z.int(), deleted: z.int() }),
    disputedAt: z.iso.datetime(),
  }),
  example: {
    dataset: 'travel',
    id: 'quiet-harbour',
    bucket: '5b2f9a54-8a57-4c59-9a4c-3c9d7f0a1e42',
    round: 1,
    verdicts: { approved: 1, edited: 1, deleted: 1 },
    disputedAt: '2026-03-02T11:02:41.310Z',
  },
});
