import { z } from 'zod';
import { cardRowSchema } from '../../cards/card.schema.js';
import { importOptionFields } from './import-options.js';

// Rows are judged one by one, so that a bad one costs one row: here they are anything, and the document shows what
// they should be.
const { $defs = {} } = z.toJSONSchema(cardRowSchema, { io: 'input', unrepresentable: 'any' });
const rowSchema = z.unknown().meta({ ...$defs['CardRow'], id: undefined } as Record<string, unknown>);

/** Body of `POST /bulk/import` (seed 002). How many cards there may be is said in the seed's own words. */
export const importRequestSchema = z
  .strictObject({
    cards: z.array(rowSchema).default([]),
    ...importOptionFields,
    run_at: z.iso.datetime({ offset: true }).optional().describe('Not before this time'),
    webhook_url: z
      .url({ protocol: /^https?$/ })
      .max(2_000)
      .optional()
      .describe('Told when the task ends'),
  })
  .meta({ id: 'BulkCardImportRequest' });
/** Body of `POST /bulk/import`. */
export type ImportRequest = z.output<typeof importRequestSchema>;
