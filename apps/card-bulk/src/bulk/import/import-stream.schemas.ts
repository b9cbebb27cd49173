import { z } from 'zod';
import { ownerQueryFields } from '../../access/acting-for.js';
import { delimiters } from '../../formats/csv-header.js';
import { importFormats, type ImportFormat } from '../../formats/read-rows.js';
import type { Packing } from '../../formats/unpack.js';
import { importOptionFields } from './import-options.js';

const flag = (value: boolean) =>
  z
    .enum(['true', 'false'])
    .default(value ? 'true' : 'false')
    .transform((word) => word === 'true');

/** Query of `POST /bulk/import/stream`: the members of `POST /bulk/import`, and how the file is to be read. */
export const importStreamQuerySchema = z.strictObject({
  ...ownerQueryFields,
  format: z.enum(importFormats).optional().describe('Default: what the Content-Type says'),
  delimiter: z.enum(delimiters).optional().describe('Of CSV: a comma unless it says otherwise'),
  on_error: importOptionFields.on_error,
  on_duplicate: importOptionFields.on_duplicate,
  match_on: importOptionFields.match_on,
  publish_business: flag(true).describe('Publish cards with privacy level BUSINESS'),
  publish_ideas: flag(true).describe('Publish cards with privacy level IDEAS'),
  dry_run: flag(false).describe('Report what would happen, and write nothing'),
  max_errors: z.coerce
    .number()
    .int()
    .min(0)
    .max(1_000_000)
    .optional()
    .describe('End as FAILURE once more rows than this have failed'),
  run_at: z.iso.datetime({ offset: true }).optional().describe('Not before this time'),
  webhook_url: z
    .url({ protocol: /^https?$/ })
    .max(2_000)
    .optional()
    .describe('Told when the task ends'),
});
/** Query of `POST /bulk/import/stream`. */
export type ImportStreamQuery = z.output<typeof importStreamQuerySchema>;

/** Media types of an upload, and what they say of its format; null leaves that to the query. */
export const uploadTypes: ReadonlyMap<string, ImportFormat | null> = new Map([
  ['application/x-ndjson', 'ndjson'],
  ['application/ndjson', 'ndjson'],
  ['application/jsonl', 'ndjson'],
  ['text/csv', 'csv'],
  ['text/tab-separated-values', 'csv'],
  ['application/gzip', null],
  ['application/zstd', null],
  ['application/octet-stream', null],
]);

/** Values of `Content-Encoding`, and what they say of the bytes; null leaves that to the first bytes. */
export const uploadEncodings: ReadonlyMap<string, Exclude<Packing, 'identity'> | null> = new Map([
  ['', null],
  ['identity', null],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['zstd', 'zstd'],
]);
