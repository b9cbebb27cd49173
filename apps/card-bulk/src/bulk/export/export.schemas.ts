import { z } from 'zod';
import { cardFilterFields } from './card-filter.js';
import { MAX_CARDS } from '../limits.js';

/** Options of an export (seed 002), beside which cards. */
const optionFields = {
  ...cardFilterFields,
  card_ids: z
    .array(z.guid('Must be a UUID'))
    .min(1)
    .max(MAX_CARDS)
    .nullish()
    .describe('Only these of the cards; ids that are unknown are left out'),
  include_metadata: z.boolean().default(true),
  gzip: z.boolean().default(false).describe('Write the file gzipped'),
  escape_formulas: z
    .boolean()
    .default(true)
    .describe('Of CSV: keep a spreadsheet from running what a cell says'),
  byte_order_mark: z.boolean().default(false).describe('Of CSV: tell Excel that the file is UTF-8'),
};

/** Body of `POST /bulk/export`. Whether the format is one is said in the seed's own words. */
export const exportRequestSchema = z
  .strictObject({
    ...optionFields,
    format: z.string().max(100).default('json').describe('json, ndjson, csv or markdown'),
    run_at: z.iso.datetime({ offset: true }).optional().describe('Not before this time'),
    webhook_url: z
      .url({ protocol: /^https?$/ })
      .max(2_000)
      .optional()
      .describe('Told when the task ends'),
  })
  .meta({ id: 'BulkCardExportRequest' });
/** Body of `POST /bulk/export`. */
export type ExportRequest = z.output<typeof exportRequestSchema>;

/** Parameters of a `card-bulk.export` task. */
export const exportParamsSchema = z.object({
  ...optionFields,
  format: z.enum(['json', 'ndjson', 'csv', 'markdown']),
  webhook_url: z.string().nullable().default(null),
});
/** Parameters of a `card-bulk.export` task. */
export type ExportParams = z.output<typeof exportParamsSchema>;
