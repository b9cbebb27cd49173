import { z } from 'zod';
import { cardFilterSchema } from '../export/card-filter.js';

const shared = {
  run_at: z.iso.datetime({ offset: true }).optional().describe('Not before this time'),
  webhook_url: z
    .url({ protocol: /^https?$/ })
    .max(2_000)
    .optional()
    .describe('Told when the task ends'),
};

/** Ids as they come: one that is no id of a card is a row error, as is one of a card that is not there. */
const cardIds = z.array(z.string().max(100)).optional();

/** Body of `POST /bulk/delete` (seed 002): ids, or a filter and how many cards it is expected to match. */
export const deleteRequestSchema = z
  .strictObject({
    card_ids: cardIds,
    filter: cardFilterSchema.optional(),
    confirm_count: z
      .int()
      .min(0)
      .optional()
      .describe('With filter: how many cards it matches; another number deletes nothing'),
    soft_delete: z.boolean().default(true),
    ...shared,
  })
  .refine(({ card_ids, filter }) => card_ids === undefined || filter === undefined, {
    error: 'Send card_ids or filter, not both',
    path: ['filter'],
    params: { code: 'mismatch' },
  })
  .refine(({ filter, confirm_count }) => (filter === undefined) === (confirm_count === undefined), {
    error: 'filter and confirm_count go together',
    path: ['confirm_count'],
    params: { code: 'required' },
  })
  .meta({ id: 'BulkCardDeleteRequest' });
/** Body of `POST /bulk/delete`. */
export type DeleteRequest = z.output<typeof deleteRequestSchema>;

/** Body of `POST /bulk/restore`. */
export const restoreRequestSchema = z
  .strictObject({ card_ids: cardIds, ...shared })
  .meta({ id: 'BulkCardRestoreRequest' });
/** Body of `POST /bulk/restore`. */
export type RestoreRequest = z.output<typeof restoreRequestSchema>;
