import { pageQueryFields, text } from '@hornbook/contracts';
import { z } from 'zod';
import { datasetNameSchema } from '../items/item-names.js';

const policyFields = {
  weight: z.int().min(0).max(1_000).describe('Share of self-serve; 0 is served only when named'),
  leaseMinutes: z
    .int()
    .min(1)
    .max(525_600)
    .nullable()
    .describe('Minutes after the last save until an item goes back to the pool; null: never'),
  requiredReviews: z.int().min(1).max(9).describe('Reviewers an item needs'),
  perUserCap: z.int().min(1).max(100_000).nullable().describe('Most items one user holds; null: any number'),
  skipFlagAfter: z.int().min(1).max(1_000).describe('Skips after which an item is flagged'),
};

/** How many items of a dataset are where. */
export const countsSchema = z
  .object({
    total: z.int(),
    draft: z.int(),
    approved: z.int(),
    skipped: z.int(),
    deleted: z.int(),
    /** Drafts in somebody's hands. */
    assigned: z.int(),
  })
  .meta({ id: 'ItemCounts' });
/** How many items are where. */
export type Counts = z.output<typeof countsSchema>;

/** A dataset with its policy and instructions. */
export const datasetSchema = z
  .object({
    name: z.string(),
    ...policyFields,
    instructions: z.string(),
    counts: countsSchema,
    version: z.int(),
    etag: z.string(),
    createdAt: z.iso.datetime(),
    createdBy: z.string(),
    updatedAt: z.iso.datetime(),
    updatedBy: z.string(),
  })
  .meta({ id: 'Dataset' });
/** A dataset with its policy and instructions. */
export type DatasetView = z.output<typeof datasetSchema>;

/** Body of `PUT /v1/datasets/{name}`; what is left out stays, or is the default of a new one. */
export const datasetPutSchema = z
  .strictObject({ ...z.object(policyFields).partial().shape, instructions: text({ max: 50_000 }).optional() })
  .meta({ id: 'DatasetRequest' });
/** Body of a change of a dataset. */
export type DatasetPut = z.output<typeof datasetPutSchema>;

/** Path of one dataset. */
export const datasetPathSchema = z.object({ name: z.string() });
/** Path of a dataset that may be made by it. */
export const newDatasetPathSchema = z.object({ name: datasetNameSchema });

/** Query of the list of datasets. */
export const datasetListQuerySchema = z.strictObject(pageQueryFields);
/** Query of the list of datasets. */
export type DatasetListQuery = z.output<typeof datasetListQuerySchema>;

/** Answer of the list of datasets. */
export const datasetPageSchema = z
  .object({ items: z.array(datasetSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'DatasetPage' });
/** Answer of the list of datasets. */
export type DatasetPage = z.output<typeof datasetPageSchema>;
