import { z } from 'zod';
import { delimiters } from '../../formats/csv-header.js';
import { importOptionsSchema } from './import-options.js';

/** The rows came with the request and are kept with the task. */
const inlineSource = z.object({ kind: z.literal('inline') });

const fileSource = z.object({
  kind: z.literal('file'),
  /** Key in the file store. */
  key: z.string(),
  /** Bytes. */
  size: z.int(),
  format: z.enum(['ndjson', 'csv']),
  /** As the sender declared it; null leaves it to the first bytes. */
  packing: z.enum(['gzip', 'zstd']).nullable(),
  /** Of a CSV file; null is a comma. */
  delimiter: z.enum(delimiters).nullable(),
});

/** A file that is to be imported, and how it is read. */
export type FileSource = z.output<typeof fileSource>;

/** Parameters of a `card-bulk.import` task. */
export const importParamsSchema = importOptionsSchema.extend({
  source: z.discriminatedUnion('kind', [inlineSource, fileSource]),
  /** Told when the task ends, beside the owner's webhooks. */
  webhook_url: z.string().nullable().default(null),
});
/** Parameters of a `card-bulk.import` task. */
export type ImportParams = z.output<typeof importParamsSchema>;
