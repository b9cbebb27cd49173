import { pageQueryFields } from '@hornbook/contracts';
import { z } from 'zod';
import { slimItemSchema } from '../claims/claims.schemas.js';
import { editableFields } from '../items/item-content.js';
import { itemStatuses } from '../items/item.js';
import { reasonSchema } from '../items/item-names.js';

/** Path of one item. Any text: what is no id names no item, which is a 404. */
export const itemPathSchema = z.object({ dataset: z.string(), bucket: z.string(), item_id: z.string() });
/** Path of one item. */
export type ItemPath = z.output<typeof itemPathSchema>;

/** Body of `PUT /v1/assignments/{dataset}/{bucket}/{item_id}`: edits, a decision, or both. */
export const reviewSchema = z
  .strictObject({
    approve: z.boolean().optional().describe('true is the same as status approved'),
    status: z.enum(itemStatuses).optional().describe('draft saves without a decision'),
    reason: reasonSchema.nullish().describe('Why, e.g. of a skip'),
    etag: z.string().max(200).optional().describe('Stands in for the If-Match header'),
    ...editableFields,
  })
  .refine(({ approve, status }) => approve !== true || status === undefined || status === 'approved', {
    error: 'approve and status contradict each other',
    path: ['status'],
    params: { code: 'contradiction' },
  })
  .meta({ id: 'ReviewRequest' });
/** Body of a review. */
export type ReviewRequest = z.output<typeof reviewSchema>;

/** An item with its content. */
export const fullItemSchema = slimItemSchema
  .extend({
    tags: z.array(z.string()),
    skipCount: z.int(),
    flagged: z.boolean().describe('Skipped as often as the dataset finds worth a look'),
    reviewedAt: z.iso.datetime().nullable(),
    reviewedBy: z.string().nullable(),
    createdAt: z.iso.datetime(),
    createdBy: z.string(),
    updatedAt: z.iso.datetime(),
    updatedBy: z.string(),
  })
  .loose()
  .meta({ id: 'GroundTruth' });
/** An item with its content. */
export type FullItem = z.output<typeof fullItemSchema>;

/** Query of `GET /v1/assignments/my`. */
export const myQuerySchema = z.strictObject({
  ...pageQueryFields,
  limit: z.coerce.number().int().min(1).max(1_000).default(1_000),
  full: z
    .enum(['true', 'false'])
    .default('false')
    .transform((word) => word === 'true')
    .describe('With content'),
});
/** Query of the caller's items. */
export type MyQuery = z.output<typeof myQuerySchema>;

/** Answer of `GET /v1/assignments/my`. */
export const myPageSchema = z
  .object({ items: z.array(slimItemSchema.loose()), nextCursor: z.string().nullable() })
  .meta({ id: 'MyAssignments' });
/** Answer of the caller's items. */
export type MyPage = z.output<typeof myPageSchema>;

/** Body of `POST …/assign`. */
export const assignSchema = z
  .strictObject({
    force: z
      .boolean()
      .default(false)
      .describe('Takes it from its holder, or reopens it; curators and admins'),
  })
  .prefault({})
  .meta({ id: 'AssignRequest' });

/** Query of `DELETE …/assign`. */
export const releaseSchema = z.strictObject({ reason: reasonSchema.optional() });
