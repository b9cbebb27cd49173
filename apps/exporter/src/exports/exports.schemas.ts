import { z } from 'zod';
import { batchStates } from '../batches/batches.schemas.js';
import { syncStatuses } from '../dialogues/dialogues.schemas.js';

/** Answer of "export now". */
export const exportStartedSchema = z
  .object({ batches: z.int(), dialogues: z.int() })
  .meta({ id: 'ExportStarted' });
/** Answer of "export now". */
export type ExportStarted = z.output<typeof exportStartedSchema>;

const counts = <Word extends string>(words: readonly Word[]): z.ZodObject<Record<Word, z.ZodInt>> =>
  z.object(Object.fromEntries(words.map((word) => [word, z.int()])) as Record<Word, z.ZodInt>);

/** Where exporting stands. The counts are the caller's; pause, circuit and schedule are the service's. */
export const exportStatusSchema = z
  .object({
    dialogues: counts(syncStatuses),
    batches: counts(batchStates),
    failures: z.object({ unresolved: z.int() }),
    paused: z.boolean(),
    pause_reason: z.string().nullable(),
    paused_at: z.iso.datetime().nullable(),
    /** As the answering process sees it. */
    circuit: z.enum(['closed', 'open', 'half_open']),
    next_export_at: z.iso.datetime(),
  })
  .meta({ id: 'ExportStatus' });
/** Where exporting stands. */
export type ExportStatus = z.output<typeof exportStatusSchema>;

/** Answer of "resume". */
export const exportResumedSchema = z
  .object({ paused: z.literal(false), was_paused: z.boolean() })
  .meta({ id: 'ExportResumed' });
/** Answer of "resume". */
export type ExportResumed = z.output<typeof exportResumedSchema>;
