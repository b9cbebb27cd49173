import { errorCodes, text, type ErrorCode } from '@hornbook/contracts';
import { z } from 'zod';
import { datasetNameSchema, reasonSchema } from '../items/item-names.js';
import { itemStatuses } from '../items/item.js';

/** Most items of one bulk change. */
export const MAX_BULK = 500;

/** What can be done to many items at once. The last four are for curators and admins. */
export const bulkActions = ['approve', 'skip', 'delete', 'release', 'reopen', 'assign', 'schedule'] as const;

/** Body of `POST /v1/assignments/bulk`. */
export const bulkSchema = z
  .strictObject({
    action: z.enum(bulkActions),
    items: z
      .array(
        z.strictObject({
          dataset: z.string().max(200),
          bucket: z.string().max(100).optional(),
          id: z.string().max(200),
          etag: z.string().max(200).describe('As for If-Match'),
        }),
      )
      .min(1)
      .max(MAX_BULK),
    reason: reasonSchema.optional(),
    assignTo: text({ min: 1, max: 200 }).optional().describe('For assign'),
    priority: z.int().min(-100).max(100).optional().describe('For schedule'),
    dueAt: z.iso.datetime({ offset: true }).nullish().describe('For schedule'),
  })
  .refine(({ action, assignTo }) => (action === 'assign') === (assignTo !== undefined), {
    error: 'assignTo belongs to the action assign',
    path: ['assignTo'],
    params: { code: 'contradiction' },
  })
  .refine(
    ({ action, priority, dueAt }) =>
      (action === 'schedule') === (priority !== undefined || dueAt !== undefined),
    {
      error: 'priority and dueAt belong to the action schedule',
      path: ['priority'],
      params: { code: 'contradiction' },
    },
  )
  .meta({ id: 'BulkRequest' });
/** Body of a bulk change. */
export type BulkRequest = z.output<typeof bulkSchema>;

/** What became of one item of a bulk change. */
export const bulkResultSchema = z.object({
  index: z.int(),
  dataset: z.string(),
  id: z.string(),
  ok: z.boolean(),
  status: z.enum(itemStatuses).optional(),
  etag: z.string().optional(),
  code: z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]).optional(),
  message: z.string().optional(),
});
/** What became of one item. */
export type BulkResult = z.output<typeof bulkResultSchema>;

/** Answer of `POST /v1/assignments/bulk`. */
export const bulkAnswerSchema = z
  .object({ succeeded: z.int(), failed: z.int(), results: z.array(bulkResultSchema) })
  .meta({ id: 'BulkResult' });
/** Answer of a bulk change. */
export type BulkAnswer = z.output<typeof bulkAnswerSchema>;

/** Body of `POST /v1/assignments/transfer`. */
export const transferSchema = z
  .strictObject({
    from: text({ min: 1, max: 200 }),
    to: text({ min: 1, max: 200 }).nullable().describe('null: back to the pool'),
    datasets: z.array(datasetNameSchema).min(1).max(100).optional(),
    reason: reasonSchema.optional(),
  })
  .refine(({ from, to }) => from !== to, {
    error: 'from and to are the same',
    path: ['to'],
    params: { code: 'contradiction' },
  })
  .meta({ id: 'TransferRequest' });
/** Body of a transfer. */
export type TransferRequest = z.output<typeof transferSchema>;

/** Answer of a transfer. */
export const transferAnswerSchema = z
  .object({ items: z.int(), slots: z.int().describe('Slots of overlapping reviews') })
  .meta({ id: 'TransferResult' });
/** Answer of a transfer. */
export type TransferAnswer = z.output<typeof transferAnswerSchema>;
