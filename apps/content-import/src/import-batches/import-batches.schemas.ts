import { importedDialogueSchema, pageOf, pageQueryFields, text } from '@hornbook/contracts';
import { z } from 'zod';

/** How the last try of a batch ended. A running one is not listed: it has no row until it ends. */
export const batchStatuses = ['completed', 'failed'] as const;
/** How the last try of a batch ended. */
export type BatchStatus = (typeof batchStatuses)[number];

/** Query of `POST /api/v1/admin/bulk-import`. */
export const bulkImportQuerySchema = z.strictObject({
  dry_run: z
    .enum(['true', 'false'])
    .default('false')
    .transform((word) => word === 'true')
    .describe('Checks everything, writes nothing, answers 200.'),
});

const importedCounts = z.object({ dialogues: z.int(), phrases: z.int(), categories_created: z.int() });

/** 200 body of a dry run: that of an import, without ids. */
export const dryRunResponseSchema = z
  .object({
    success: z.literal(true),
    dry_run: z.literal(true),
    batch_id: z.string(),
    imported: importedCounts,
    results: z.array(importedDialogueSchema.pick({ title: true })),
    processed_at: z.iso.datetime(),
  })
  .meta({ id: 'BulkImportDryRun' });
/** 200 body of a dry run. */
export type DryRunResponse = z.output<typeof dryRunResponseSchema>;

/** A batch in the list of batches. */
export const importBatchSchema = z
  .object({
    batch_id: z.string(),
    source: z.string(),
    status: z.enum(batchStatuses),
    /** Failures, plus one when it was completed. */
    attempts: z.int(),
    imported: importedCounts,
    error_message: z.string().nullable(),
    payload_hash: z.string(),
    created_at: z.iso.datetime(),
    processed_at: z.iso.datetime(),
  })
  .meta({ id: 'ImportBatch' });
/** A batch in the list of batches. */
export type ImportBatchView = z.output<typeof importBatchSchema>;

/** A batch with the ids it made; a failed one made none. */
export const importBatchDetailSchema = importBatchSchema
  .extend({ results: z.array(importedDialogueSchema) })
  .meta({ id: 'ImportBatchDetail' });
/** A batch with the ids it made. */
export type ImportBatchDetail = z.output<typeof importBatchDetailSchema>;

/** Query of the list of batches. */
export const importBatchListQuerySchema = z.strictObject({
  ...pageQueryFields,
  source: text({ min: 1, max: 100 }).optional(),
  status: z.enum(batchStatuses).optional(),
});
/** Query of the list of batches. */
export type ImportBatchListQuery = z.output<typeof importBatchListQuerySchema>;

/** Answer of the list of batches. */
export const importBatchPageSchema = pageOf(importBatchSchema).meta({ id: 'ImportBatchPage' });
/** Answer of the list of batches. */
export type ImportBatchPage = z.output<typeof importBatchPageSchema>;

/** Path of one batch. Any text: what is no batch id names no batch, which is a 404. */
export const batchPathSchema = z.object({ batch_id: z.string() });
