import { pageQueryFields, text } from '@hornbook/contracts';
import { z } from 'zod';
import { fullItemSchema } from '../assignments/assignments.schemas.js';
import { contentFields } from '../items/item-content.js';
import { datasetNameSchema, itemIdSchema, reasonSchema, tagSchema } from '../items/item-names.js';
import { actions, itemStatuses } from '../items/item.js';

const flag = z.enum(['true', 'false']).transform((word) => word === 'true');
const list = <Item extends z.ZodType<string, string>>(item: Item, most: number) =>
  z
    .string()
    .max(2_000)
    .transform((words) => words.split(',').map((word) => word.trim()))
    .pipe(z.array(item).min(1).max(most))
    .optional();

/** Query of `GET /v1/ground-truths`; filters narrow each other down. */
export const listQuerySchema = z.strictObject({
  ...pageQueryFields,
  dataset: datasetNameSchema.optional(),
  status: z.enum(itemStatuses).optional(),
  tags: list(tagSchema, 10).describe('Separated by commas; items that have all of them'),
  excludeTags: list(tagSchema, 10).describe('Separated by commas; items that have none of them'),
  assignedTo: text({ min: 1, max: 200 }).optional(),
  itemId: itemIdSchema.optional(),
  flagged: flag.optional().describe('true: skipped as often as the dataset finds worth a look'),
  q: text({ min: 1, max: 200 })
    .optional()
    .describe('Words of question, answer and comment; "a phrase" in quotes, or, -not'),
});
/** Query of the list of items. */
export type ListQuery = z.output<typeof listQuerySchema>;

/** Answer of `GET /v1/ground-truths`. */
export const itemPageSchema = z
  .object({ items: z.array(fullItemSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'GroundTruthPage' });
/** Answer of the list of items. */
export type ItemPage = z.output<typeof itemPageSchema>;

/** Body of `PUT /v1/ground-truths/{dataset}/{bucket}/{item_id}`. Null takes a member away. */
export const curationSchema = z
  .strictObject({
    status: z.enum(itemStatuses).optional().describe('draft reopens what is approved, deleted or skipped'),
    reason: reasonSchema.nullish(),
    priority: z.int().min(-100).max(100).optional().describe('Higher is handed out first'),
    dueAt: z.iso.datetime({ offset: true }).nullish(),
    ...contentFields,
  })
  .meta({ id: 'CurationRequest' });
/** Body of a curator's change. */
export type CurationRequest = z.output<typeof curationSchema>;

/** Query of `DELETE`. */
export const deletionSchema = z.strictObject({ reason: reasonSchema.optional() });

/** Body of `POST …/restore`. */
export const restoreSchema = z
  .strictObject({
    version: z.int().min(1).describe('Content as it was in this version; the item becomes a draft'),
  })
  .meta({ id: 'RestoreRequest' });

/** Query of `GET …/history`. */
export const historyQuerySchema = z.strictObject(pageQueryFields);
/** Query of an item's history. */
export type HistoryQuery = z.output<typeof historyQuerySchema>;

/** One version of an item: who made it, when, and what changed. */
export const historyEntrySchema = z
  .object({
    version: z.int(),
    action: z.enum(['imported', ...actions]),
    actor: z.string(),
    at: z.iso.datetime(),
    fromStatus: z.enum(itemStatuses).nullable(),
    status: z.enum(itemStatuses),
    fromUser: z.string().nullable(),
    toUser: z.string().nullable(),
    reason: z.string().nullable(),
    changes: z.record(z.string(), z.object({ from: z.unknown(), to: z.unknown() })),
  })
  .meta({ id: 'HistoryEntry' });
/** One version of an item. */
export type HistoryEntry = z.output<typeof historyEntrySchema>;

/** Answer of `GET …/history`. */
export const historyPageSchema = z
  .object({ items: z.array(historyEntrySchema), nextCursor: z.string().nullable() })
  .meta({ id: 'HistoryPage' });
/** Answer of an item's history. */
export type HistoryPage = z.output<typeof historyPageSchema>;
