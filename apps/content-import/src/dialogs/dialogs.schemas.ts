import { accents, categoryNames, difficultyLevels, pageOf, pageQueryFields, text } from '@hornbook/contracts';
import { z } from 'zod';
import { MAX_ID } from '../paging/id-page.js';

/** A dialogue in a list. */
export const dialogSchema = z
  .object({
    id: z.int(),
    title: z.string(),
    category_id: z.int(),
    category_name: z.string(),
    difficulty_level: z.enum(difficultyLevels),
    description: z.string().nullable(),
    accent: z.enum(accents).nullable(),
    source: z.string().nullable(),
    batch_id: z.string().nullable(),
    phrases_count: z.int(),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'Dialog' });
/** A dialogue in a list. */
export type DialogView = z.output<typeof dialogSchema>;

/** One phrase of a dialogue. */
export const phraseSchema = z
  .object({
    id: z.int(),
    order: z.int(),
    reference_text: z.string(),
    difficulty: z.enum(difficultyLevels),
    phonetic_transcription: z.string().nullable(),
    speaker: z.enum(['A', 'B']).nullable(),
  })
  .meta({ id: 'Phrase' });
/** One phrase of a dialogue. */
export type PhraseView = z.output<typeof phraseSchema>;

/** A dialogue with its phrases, in order. */
export const dialogDetailSchema = dialogSchema
  .extend({ phrases: z.array(phraseSchema) })
  .meta({ id: 'DialogDetail' });
/** A dialogue with its phrases. */
export type DialogDetail = z.output<typeof dialogDetailSchema>;

/** Query of the list of dialogues; filters narrow each other down. */
export const dialogListQuerySchema = z.strictObject({
  ...pageQueryFields,
  category: z.enum(categoryNames).optional(),
  difficulty: z.enum(difficultyLevels).optional(),
  accent: z.enum(accents).optional(),
  source: text({ min: 1, max: 100 }).optional(),
  batch: text({ min: 1, max: 100 }).optional().describe('batch_id of the import that brought the dialogue'),
  q: text({ min: 1, max: 200 })
    .optional()
    .describe(
      'Words in title, description or phrases, in any of their forms; "a phrase" in quotes, or, -not',
    ),
});
/** Query of the list of dialogues. */
export type DialogListQuery = z.output<typeof dialogListQuerySchema>;

/** Answer of the list of dialogues. */
export const dialogPageSchema = pageOf(dialogSchema).meta({ id: 'DialogPage' });
/** Answer of the list of dialogues. */
export type DialogPage = z.output<typeof dialogPageSchema>;

/** Path of one dialogue. */
export const dialogPathSchema = z.object({ id: z.coerce.number().int().min(1).max(MAX_ID) });
