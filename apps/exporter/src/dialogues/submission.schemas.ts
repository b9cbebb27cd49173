import { faultSchema, text } from '@hornbook/contracts';
import { z } from 'zod';
import { reviewStates } from '../reviews/review-states.js';
import {
  accentOfWord,
  categoryOfWord,
  difficultyOfCefr,
  type AccentWord,
  type CategoryWord,
  type CefrLevel,
} from './mapping.js';

/** Most dialogues of one submission. */
export const MAX_SUBMISSION = 500;

const words = <Word extends string>(table: Readonly<Record<Word, string>>): [Word, ...Word[]] =>
  Object.keys(table) as [Word, ...Word[]];

/** CEFR levels, categories and accents in the automation's words (seed 000, section 4). */
export const cefrLevels = words<CefrLevel>(difficultyOfCefr);
export const categoryWords = words<CategoryWord>(categoryOfWord);
export const accentWords = words<AccentWord>(accentOfWord);

/** One turn; lengths are those that the platform demands of a phrase. */
export const turnSchema = z.strictObject({
  text: text({ min: 5, max: 500 }),
  order: z.int().min(1),
  // Pipelines in Python send null for "none".
  speaker: z.enum(['A', 'B']).nullish(),
});

/** Whether a turn has the number of its place; one whose number is no valid number at all has that fault already. */
function standsInPlace(turn: { readonly order: number } | undefined, index: number): boolean {
  const order: unknown = turn?.order;
  return !Number.isInteger(order) || Number(order) < 1 || order === index + 1;
}

/** What a dialogue says, in the automation's words: what is reviewed, hashed and exported. */
export const dialogueContentSchema = z.strictObject({
  title: text({ min: 5, max: 200 }),
  category: z.enum(categoryWords),
  cefr_level: z.enum(cefrLevels),
  accent: z.enum(accentWords).nullish(),
  turns: z
    .array(turnSchema)
    .min(2)
    .max(12)
    .refine((turns) => turns.every(standsInPlace), {
      error: 'Turns must have consecutive order starting from 1',
      params: { code: 'wrong_order' },
      // Without it the check would be skipped as soon as any member of a turn has a fault of its own.
      when: ({ value }) => Array.isArray(value),
    }),
});

/** One generated dialogue as a pipeline submits it. */
export const generatedDialogueSchema = z.strictObject({
  external_id: text({ min: 1, max: 200 }).nullish(),
  ...dialogueContentSchema.shape,
  review: z
    .enum(['required'])
    .nullish()
    .describe(
      '`required`: not exported before a reviewer has approved it; what the reviewer left is exported',
    ),
});
/** One generated dialogue as a pipeline submits it. */
export type SubmittedDialogue = z.output<typeof generatedDialogueSchema>;

/**
 * Envelope of a submission. The dialogues are checked one by one later, so that a bad one costs only itself; the
 * documentation shows what each has to look like.
 */
export const submissionSchema = z
  .strictObject({
    dialogues: z
      .array(
        z.unknown().meta({ ...z.toJSONSchema(generatedDialogueSchema, { io: 'input' }), $schema: undefined }),
      )
      .min(1)
      .max(MAX_SUBMISSION),
  })
  .meta({ id: 'DialogueSubmission' });
/** Envelope of a submission. */
export type Submission = z.output<typeof submissionSchema>;

/** What became of one submitted dialogue. */
export const submissionResultSchema = z
  .object({
    /** Position in the submission, from 0. */
    index: z.int(),
    status: z.enum(['accepted', 'duplicate', 'rejected']),
    id: z.uuid().optional(),
    external_id: z.string().optional(),
    /** Where its review stands, when it has one. */
    review_state: z.enum(reviewStates).optional(),
    errors: z.array(faultSchema).optional(),
  })
  .meta({ id: 'SubmissionResult' });
/** What became of one submitted dialogue. */
export type SubmissionResult = z.output<typeof submissionResultSchema>;

/** Answer to a submission: one result an item, in input order. */
export const submissionAnswerSchema = z
  .object({
    results: z.array(submissionResultSchema),
    accepted: z.int(),
    duplicates: z.int(),
    rejected: z.int(),
  })
  .meta({ id: 'SubmissionAnswer' });
/** Answer to a submission. */
export type SubmissionAnswer = z.output<typeof submissionAnswerSchema>;
