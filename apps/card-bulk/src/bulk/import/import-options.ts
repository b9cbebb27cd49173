import { z } from 'zod';

/** What becomes of an import when a row is bad. */
export const onErrorModes = ['continue', 'abort', 'atomic'] as const;
/** What becomes of a row that is there already. */
export const onDuplicateModes = ['insert', 'skip', 'update', 'error'] as const;
/** By what a row is recognised. */
export const matchKeys = ['auto', 'external_id', 'source_url', 'content'] as const;

/** Options of every import; the defaults are seed 002's behaviour. */
export const importOptionFields = {
  publish_business: z.boolean().default(true).describe('Publish cards with privacy level BUSINESS'),
  publish_ideas: z.boolean().default(true).describe('Publish cards with privacy level IDEAS'),
  on_error: z
    .enum(onErrorModes)
    .default('continue')
    .describe(
      'A bad row costs one row (continue), ends the import where it stands (abort), or undoes it (atomic)',
    ),
  on_duplicate: z
    .enum(onDuplicateModes)
    .default('insert')
    .describe(
      'What to do with a row that matches a card of the owner or an earlier row; skip is safe to repeat',
    ),
  match_on: z
    .enum(matchKeys)
    .default('auto')
    .describe(
      'What makes rows the same. auto: external_id, else source_url, else title and body. A known id always does',
    ),
  dry_run: z.boolean().default(false).describe('Report what would happen, and write nothing'),
  max_errors: z
    .int()
    .min(0)
    .max(1_000_000)
    .optional()
    .describe('End as FAILURE once more rows than this have failed'),
};

/** Options of an import. */
export const importOptionsSchema = z.object(importOptionFields);
/** Options of an import. */
export type ImportOptions = z.output<typeof importOptionsSchema>;
