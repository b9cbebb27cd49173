import { pageOf, pageQueryFields } from '@hornbook/contracts';
import { z } from 'zod';
import { reviewStates } from '../reviews/review-states.js';
import { reviewSchema } from '../reviews/reviews.schemas.js';
import { accentWords, categoryWords, cefrLevels } from './submission.schemas.js';

/**
 * Where a dialogue stands on its way to the platform. `awaiting_review` and `withdrawn` ones are in no export; a
 * withdrawn one was deleted in review, and may come back when the review is reopened.
 */
export const syncStatuses = [
  'awaiting_review',
  'ready',
  'batched',
  'confirmed',
  'failed',
  'resolved',
  'withdrawn',
] as const;
/** Where a dialogue stands. */
export type SyncStatus = (typeof syncStatuses)[number];

/** One entry of a history. */
export const historyEntrySchema = z
  .object({
    at: z.iso.datetime(),
    event: z.string(),
    batch_id: z.string().nullable(),
    detail: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'ExportHistoryEntry' });
/** One entry of a history. */
export type HistoryEntry = z.output<typeof historyEntrySchema>;

/** A dialogue in a list. */
export const dialogueSchema = z
  .object({
    id: z.uuid(),
    external_id: z.string().nullable(),
    title: z.string(),
    category: z.enum(categoryWords),
    cefr_level: z.enum(cefrLevels),
    accent: z.enum(accentWords).nullable(),
    status: z.enum(syncStatuses),
    /** Where its review stands; null when none was asked for. */
    review_state: z.enum(reviewStates).nullable(),
    batch_id: z.string().nullable(),
    pronielts_dialog_id: z.int().nullable(),
    /** How often it was sent again on somebody's request. */
    retry_count: z.int(),
    submitted_by: z.string(),
    created_at: z.iso.datetime(),
    confirmed_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'GeneratedDialogue' });
/** A dialogue in a list. */
export type DialogueView = z.output<typeof dialogueSchema>;

/** A dialogue with its turns and its whole history. */
export const dialogueDetailSchema = dialogueSchema
  .extend({
    pronielts_phrase_ids: z.array(z.int()).nullable(),
    /** As submitted; what a reviewer made of them is in `review.content`. */
    turns: z.array(z.object({ text: z.string(), order: z.int(), speaker: z.enum(['A', 'B']).nullable() })),
    /** Null when none was asked for. */
    review: reviewSchema.nullable(),
    history: z.array(historyEntrySchema),
  })
  .meta({ id: 'GeneratedDialogueDetail' });
/** A dialogue with its turns and its whole history. */
export type DialogueDetail = z.output<typeof dialogueDetailSchema>;

/** `?status=&limit=&cursor=` of the list of dialogues. */
export const dialogueQuerySchema = z.strictObject({
  status: z.enum(syncStatuses).optional(),
  ...pageQueryFields,
});
/** Query of the list of dialogues. */
export type DialogueQuery = z.output<typeof dialogueQuerySchema>;

/** One page of dialogues, newest first. */
export const dialoguePageSchema = pageOf(dialogueSchema).meta({ id: 'GeneratedDialoguePage' });
/** One page of dialogues. */
export type DialoguePage = z.output<typeof dialoguePageSchema>;
