import { z } from 'zod';

/** Answer of `GET /bulk/limits`. */
export const limitsSchema = z
  .object({
    max_cards: z.int().describe('Cards of one import, ids of one delete'),
    max_request_bytes: z.int().describe('Body of POST /bulk/import'),
    max_file_rows: z.int().describe('Rows of POST /bulk/import/stream'),
    max_file_bytes: z.int().describe('The same as it is sent'),
    max_unfinished_tasks: z.int().describe('The next operation is refused with 429'),
    max_running_tasks: z.int().describe('More of them wait for their turn'),
    max_requests_per_hour: z.int().describe('The next operation is refused with 429'),
    max_webhooks: z.int(),
    max_schedules: z.int(),
    max_event_streams: z.int().describe('Open at once, for each replica'),
    max_wait_seconds: z.int().describe('Of a long poll'),
    inline_errors: z.int().describe('Row errors in the result itself'),
    inline_export_bytes: z.int().describe('Largest export in the result itself'),
    retention_days: z.int().describe('How long a finished operation is kept'),
    usage: z.object({ unfinished_tasks: z.int(), requests_last_hour: z.int() }),
  })
  .meta({ id: 'BulkLimits' });
/** Answer of `GET /bulk/limits`. */
export type LimitsView = z.output<typeof limitsSchema>;
