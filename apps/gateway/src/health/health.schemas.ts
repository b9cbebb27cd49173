import { z } from 'zod';

const checkSchema = z.object({ status: z.enum(['ok', 'failed']), detail: z.string() });

/** Answer of `GET /`. */
export const rootSchema = z
  .object({ status: z.literal('ok'), service: z.string(), version: z.string() })
  .meta({ id: 'Root' });

/** Answer of `GET /health/db`. */
export const databaseHealthSchema = z
  .object({ status: z.enum(['ok', 'error']), database: z.enum(['connected', 'disconnected']) })
  .meta({ id: 'DatabaseHealth' });

/** Answer of `GET /health`. */
export const healthSchema = z
  .object({
    status: z.enum(['ok', 'degraded']).describe('`ok` when the gateway and every service are.'),
    service: z.string(),
    version: z.string(),
    checks: z.record(z.string(), checkSchema).describe('What the gateway itself needs.'),
    services: z.record(
      z.string(),
      z.object({
        status: z.enum(['ok', 'failed', 'stopping', 'unreachable']),
        version: z.string().nullable(),
        latency_ms: z.number().nullable(),
      }),
    ),
  })
  .meta({ id: 'Health' });
/** Answer of `GET /health`. */
export type Health = z.output<typeof healthSchema>;
