import { createHash } from 'node:crypto';
import { z } from 'zod';
import { text } from '../text.js';
import { accents, categoryNames, difficultyLevels } from './vocabulary.js';

/** Most dialogues of one batch (seed 000, section 3.1). */
export const MAX_BATCH_DIALOGUES = 50;

/** `batch-YYYY-MM-DD-HHMMSS` (seed 000, section 7.1). */
export const batchIdPattern = /^batch-[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9]{6}$/;

/** Most phrases of one dialogue (seed 000, section 3.1). */
export const MAX_DIALOGUE_PHRASES = 12;

/** One phrase of a dialogue. */
export const bulkPhraseSchema = z.strictObject({
  reference_text: text({ min: 5, max: 500 }),
  order: z.int().min(1),
  difficulty: z.enum(difficultyLevels).optional(),
  phonetic_transcription: text({ max: 2000 }).optional(),
  speaker: z.enum(['A', 'B']).optional(),
});

/** Whether a phrase has the number of its place; one whose number is no valid number at all has that fault already. */
function standsInPlace(phrase: { readonly order: number } | undefined, index: number): boolean {
  const order: unknown = phrase?.order;
  return !Number.isInteger(order) || Number(order) < 1 || order === index + 1;
}

/** One dialogue of a batch; its phrases are numbered 1, 2, 3 … in order. */
export const bulkDialogueSchema = z.strictObject({
  title: text({ min: 5, max: 200 }),
  category_name: z.enum(categoryNames),
  difficulty_level: z.enum(difficultyLevels),
  description: text({ max: 500 }).optional(),
  accent: z.enum(accents).optional(),
  phrases: z
    .array(bulkPhraseSchema)
    .min(2)
    .max(MAX_DIALOGUE_PHRASES)
    .refine((phrases) => phrases.every(standsInPlace), {
      error: 'Phrases must have consecutive order starting from 1',
      params: { code: 'wrong_order' },
      // Without it the check would be skipped as soon as any member of a phrase has a fault of its own.
      when: ({ value }) => Array.isArray(value),
    }),
});

/** Body of `POST /api/v1/admin/bulk-import` (seed 000, section 3.1). */
export const bulkImportRequestSchema = z
  .strictObject({
    dialogues: z.array(bulkDialogueSchema).min(1).max(MAX_BATCH_DIALOGUES),
    source: text({ min: 1, max: 100 }),
    batch_id: z.string().regex(batchIdPattern, 'Must look like batch-YYYY-MM-DD-HHMMSS'),
  })
  .meta({ id: 'BulkImportRequest' });
/** Body of a bulk import. */
export type BulkImportRequest = z.output<typeof bulkImportRequestSchema>;

/** Ids given to one dialogue and its phrases. */
export const importedDialogueSchema = z.object({
  title: z.string(),
  dialog_id: z.int(),
  phrase_ids: z.array(z.int()),
});
/** Ids given to one dialogue and its phrases. */
export type ImportedDialogue = z.output<typeof importedDialogueSchema>;

/** 201 body of a bulk import (seed 000, section 3.1). */
export const bulkImportResponseSchema = z
  .object({
    success: z.literal(true),
    batch_id: z.string(),
    imported: z.object({ dialogues: z.int(), phrases: z.int(), categories_created: z.int() }),
    results: z.array(importedDialogueSchema),
    processed_at: z.iso.datetime(),
  })
  .meta({ id: 'BulkImportResponse' });
/** 201 body of a bulk import. */
export type BulkImportResponse = z.output<typeof bulkImportResponseSchema>;

/** `value` with the members of every object in code-unit order, so that equal payloads print alike. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, sorted(member)]));
}

/**
 * SHA-256 (hex) of a batch's content and source, whatever the order of members. Both sides compute it, so a
 * batch can be told from another that happens to carry the same second-resolution id.
 */
export function payloadHash(request: BulkImportRequest): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(request)))
    .digest('hex');
}
