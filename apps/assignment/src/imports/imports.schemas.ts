import { z } from 'zod';
import { contentFields } from '../items/item-content.js';
import { datasetNameSchema, itemIdSchema } from '../items/item-names.js';

/** Most items of one JSON request. */
export const MAX_IMPORT = 20_000;
/** Most lines of one NDJSON request. */
export const MAX_LINES = 200_000;
/** Largest JSON body of an import, bytes: 20,000 items of 1.6 kB. */
export const MAX_IMPORT_BYTES = 32 * 1024 * 1024;
/** Most datasets that one request may name. */
export const MAX_DATASETS = 200;

/** What happens to an item whose id is taken in its dataset. */
export const conflictPolicies = ['error', 'skip', 'update'] as const;
/** What happens to an item whose id is taken in its dataset. */
export type ConflictPolicy = (typeof conflictPolicies)[number];

const flag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((word) => word === 'true');

/** Query of `POST /v1/ground-truths`. */
export const importQuerySchema = z.strictObject({
  buckets: z.coerce
    .number()
    .int()
    .min(1)
    .max(50)
    .default(5)
    .describe('Items without a bucket are dealt into so many fresh ones'),
  approve: flag.describe('Stores the items as approved; each has to be complete'),
  onConflict: z
    .enum(conflictPolicies)
    .default('error')
    .describe('What happens to an item whose id is taken: an error, nothing, or its content is updated'),
  dryRun: flag.describe('Checks everything, writes nothing'),
});
/** Query of an import. */
export type ImportQuery = z.output<typeof importQuerySchema>;

/** An item as it is imported. Without `id` (or with a blank one) it gets a UUIDv7. */
export const importItemSchema = z.strictObject({
  ...contentFields,
  id: z.union([itemIdSchema, z.literal('')]).nullish(),
  uuid: z
    .union([itemIdSchema, z.literal('')])
    .nullish()
    .describe('The same as id'),
  dataset: datasetNameSchema.optional(),
  datasetName: datasetNameSchema.optional().describe('The same as dataset'),
  bucket: z.uuid().nullish(),
  status: z.literal('draft').nullish(),
  docType: z.literal('ground-truth-item').nullish(),
  schemaVersion: z.string().max(20).nullish(),
  priority: z.int().min(-100).max(100).optional(),
  dueAt: z.iso.datetime({ offset: true }).nullish(),
});
/** An item as it is imported. */
export type ImportItem = z.output<typeof importItemSchema>;

/** One fault of one item. */
export const importErrorSchema = z.object({
  /** Place in the request, from 0. */
  index: z.int(),
  itemId: z.string().nullable(),
  field: z.string(),
  code: z.enum([
    'VALIDATION_FAILED',
    'INVALID_ID',
    'INVALID_TAG',
    'INVALID_JSON',
    'DUPLICATE_ID',
    'NOT_OPEN',
    'APPROVAL_VALIDATION_FAILED',
  ]),
  message: z.string(),
});
/** One fault of one item. */
export type ImportError = z.output<typeof importErrorSchema>;

/** Answer of an import, whatever became of its items. */
export const importAnswerSchema = z
  .object({
    imported: z.int(),
    /** Existing items whose content was updated (`onConflict=update`). */
    updated: z.int(),
    /** Existing items that were left alone (`onConflict=skip`), or were as the request has them (`update`). */
    skipped: z.int(),
    failed: z.int(),
    dryRun: z.boolean(),
    errors: z.array(importErrorSchema),
    /** Ids of what was stored, in the order of the request. */
    uuids: z.array(z.string()),
    duplicateWarnings: z.array(
      z.object({ itemId: z.string(), duplicateId: z.string(), matchReason: z.literal('same_question') }),
    ),
    validationSummary: z.object({ total: z.int(), succeeded: z.int(), failed: z.int() }),
  })
  .meta({ id: 'GroundTruthImport' });
/** Answer of an import. */
export type ImportAnswer = z.output<typeof importAnswerSchema>;
