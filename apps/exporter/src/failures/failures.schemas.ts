import { pageOf, pageQueryFields, text } from '@hornbook/contracts';
import { z } from 'zod';
import { errorTypes } from '../batches/outcome.js';

/** Largest id of an `integer` column. */
const MAX_ID = 2_147_483_647;
/** Most failures that one request retries. */
export const MAX_BULK_RETRY = 500;

/** An entry of `export_failures` (seed 000, section 7.3). */
export const failureSchema = z
  .object({
    id: z.int(),
    /** Null when the dialogue was in no batch yet (`invalid_review_edits`). */
    batch_id: z.string().nullable(),
    dialogue_ids: z.array(z.uuid()),
    error_type: z.enum(errorTypes),
    error_message: z.string().nullable(),
    /** Whether a retry sends the same batch again, or puts the dialogues into a new one (or asks for another review). */
    whole_batch: z.boolean(),
    /** How often its dialogues have been sent again on somebody's request. */
    retry_count: z.int(),
    created_at: z.iso.datetime(),
    resolved_at: z.iso.datetime().nullable(),
    /** `confirmed`: the platform had it after all; `approved`, `withdrawn`, `reopened`: so its review decided. */
    resolution: z.enum(['retried', 'resolved', 'confirmed', 'approved', 'withdrawn', 'reopened']).nullable(),
    resolved_by: z.string().nullable(),
    note: z.string().nullable(),
  })
  .meta({ id: 'ExportFailure' });
/** An entry of `export_failures`. */
export type FailureView = z.output<typeof failureSchema>;

/** An entry with what was sent. */
export const failureDetailSchema = failureSchema
  .extend({ payload: z.unknown() })
  .meta({ id: 'ExportFailureDetail' });
/** An entry with what was sent. */
export type FailureDetail = z.output<typeof failureDetailSchema>;

/** `?resolved=&limit=&cursor=` of the list of failures. */
export const failureQuerySchema = z.strictObject({
  resolved: z
    .enum(['true', 'false'])
    .transform((word) => word === 'true')
    .optional(),
  ...pageQueryFields,
});
/** Query of the list of failures. */
export type FailureQuery = z.output<typeof failureQuerySchema>;

/** One page of failures, newest first. */
export const failurePageSchema = pageOf(failureSchema).meta({ id: 'ExportFailurePage' });
/** One page of failures. */
export type FailurePage = z.output<typeof failurePageSchema>;

/** `{id}` of a failure. */
export const failureIdSchema = z.coerce.number().int().min(1).max(MAX_ID);

/** Body of a resolution; may be left out. */
export const resolutionSchema = z
  .strictObject({ note: text({ min: 1, max: 1_000 }).optional() })
  .nullish()
  .meta({ description: 'Why nothing more will be done' });
/** Body of a resolution. */
export type Resolution = z.output<typeof resolutionSchema>;

/** Which failures are retried at once: of one type, of given ids, or both. */
export const bulkRetrySchema = z
  .strictObject({
    error_type: z.enum(errorTypes).optional(),
    ids: z.array(z.int().min(1).max(MAX_ID)).min(1).max(MAX_BULK_RETRY).optional(),
  })
  .refine(({ error_type, ids }) => error_type !== undefined || ids !== undefined, {
    error: 'Name an error_type, ids, or both',
    params: { code: 'required' },
  })
  .meta({ id: 'ExportFailureRetry' });
/** Which failures are retried at once. */
export type BulkRetry = z.output<typeof bulkRetrySchema>;

/** Answer of a bulk retry. `remaining`: more of them are unresolved, ask again. */
export const bulkRetryAnswerSchema = z
  .object({ retried: z.int(), remaining: z.int() })
  .meta({ id: 'ExportFailuresRetried' });
/** Answer of a bulk retry. */
export type BulkRetryAnswer = z.output<typeof bulkRetryAnswerSchema>;
