import { z } from 'zod';
import { defineEvent } from './event.js';

/** The dataset of ground truths in which dialogues are reviewed. */
export const DIALOGUE_REVIEW_DATASET = 'dialogues';

/**
 * The exporter holds a dialogue back until somebody has reviewed it. Keyed by `dialogue_id`. The review is asked for
 * again when an approved version breaks the rules of a dialogue; `objects_to` names the version of the ground truth
 * that was no good, so that a request which arrives late does not reopen a later one.
 */
export const DialogueReviewRequested = defineEvent({
  name: 'dialogue.review.requested.v1',
  description: 'A generated dialogue waits for its review before it may be exported.',
  data: z.object({
    dialogue_id: z.uuid(),
    /** 1 for the first request, one more for each further one. */
    version: z.int().min(1),
    owner: z.string(),
    /** Who submitted it; must not be its reviewer. */
    submitted_by: z.string(),
    external_id: z.string().nullable(),
    /** What was submitted, in the automation's words (seed 000, section 4). */
    dialogue: z.object({
      title: z.string(),
      category: z.string(),
      cefr_level: z.string(),
      accent: z.string().nullable(),
      turns: z.array(z.object({ text: z.string(), order: z.int(), speaker: z.enum(['A', 'B']).nullable() })),
    }),
    /** Version of the ground truth that the exporter could not use; null on the first request. */
    objects_to: z.int().nullable(),
    /** What was wrong with it, for its reviewer; null on the first request. */
    reason: z.string().nullable(),
    requested_at: z.iso.datetime(),
  }),
  example: {
    dialogue_id: '0197d0a4-3f5c-7abc-8def-0123456789ab',
    version: 1,
    owner: 'content-team',
    submitted_by: 'key:pipeline',
    external_id: 'dlg-0001',
    dialogue: {
      title: 'Ordering a coffee',
      category: 'restaurant',
      cefr_level: 'A2',
      accent: null,
      turns: [
        { text: 'Good morning, a coffee please.', order: 1, speaker: 'A' },
        { text: 'With milk and sugar?', order: 2, speaker: 'B' },
      ],
    },
    objects_to: null,
    reason: null,
    requested_at: '2026-03-02T10:15:02.120Z',
  },
});
