import { z } from 'zod';

/** Query of a link to a file. */
export const linkQuerySchema = z.strictObject({ token: z.string().max(200).default('') });
/** Query of a link to a file. */
export type LinkQuery = z.output<typeof linkQuerySchema>;

/** Answer of `POST /bulk/tasks/{task_id}/link`. */
export const linkSchema = z
  .object({
    download_url: z.string().describe('Path and query, as in the result of the export'),
    expires_at: z.iso.datetime(),
  })
  .meta({ id: 'BulkFileLink' });
