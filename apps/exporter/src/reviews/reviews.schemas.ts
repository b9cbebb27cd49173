import { z } from 'zod';
import { accentWords, categoryWords, cefrLevels } from '../dialogues/submission.schemas.js';
import { reviewStates } from './review-states.js';

/** The review of a dialogue. Its history stands in the dialogue's. */
export const reviewSchema = z
  .object({
    state: z.enum(reviewStates),
    /** Dataset of the ground truth under review; its id is the dialogue's. */
    dataset: z.string(),
    /** How often a review was asked for. */
    requests: z.int(),
    requested_at: z.iso.datetime(),
    /** Newest version of the ground truth that the exporter has heard of; null before the first news. */
    version: z.int().nullable(),
    /** The last news came after the dialogue had left (or was closed for good), and changed nothing of it. */
    late: z.boolean(),
    decided_by: z.string().nullable(),
    decided_at: z.iso.datetime().nullable(),
    /** Why it was deleted, or what is wrong with its edits. */
    reason: z.string().nullable(),
    /** The dialogue as it was approved last: what is exported, or was, unless that came `late`; null before that. */
    content: z
      .object({
        title: z.string(),
        category: z.enum(categoryWords),
        cefr_level: z.enum(cefrLevels),
        accent: z.enum(accentWords).nullable(),
        turns: z.array(
          z.object({ text: z.string(), order: z.int(), speaker: z.enum(['A', 'B']).nullable() }),
        ),
      })
      .nullable(),
  })
  .meta({ id: 'DialogueReview' });
/** The review of a dialogue. */
export type ReviewView = z.output<typeof reviewSchema>;
