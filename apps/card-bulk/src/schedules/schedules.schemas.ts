import { pageOf, pageQueryFields, text } from '@hornbook/contracts';
import { z } from 'zod';
import { ownerQueryFields } from '../access/acting-for.js';
import { MAX_FILE_ROWS } from '../bulk/limits.js';
import { cardFilterSchema } from '../bulk/export/card-filter.js';
import { exportParamsSchema } from '../bulk/export/export.schemas.js';

/**
 * What can be done at set times: what follows from options alone. An import needs its rows, which come with a request
 * (`run_at` there does it once); ids of cards to delete or restore are out of date by the second time.
 */
export const scheduledOperations = ['export', 'delete'] as const;
/** What can be done at set times. */
export type ScheduledOperation = (typeof scheduledOperations)[number];

/** Options of each operation. */
export const optionSchemas = {
  export: exportParamsSchema.omit({ webhook_url: true }).strict(),
  delete: z.strictObject({
    filter: cardFilterSchema,
    max_cards: z
      .int()
      .min(1)
      .max(MAX_FILE_ROWS)
      .describe('A run that finds more cards deletes none: nobody is there to confirm how many'),
    soft_delete: z.boolean().default(true),
  }),
};

const fields = {
  name: text({ min: 1, max: 200 }).nullable(),
  cron: text({ min: 1, max: 100 })
    .nullable()
    .describe('Minute, hour, day, month, weekday; or @daily and the like'),
  time_zone: text({ min: 1, max: 100 }).describe('IANA name in which cron is read'),
  run_at: z.iso.datetime({ offset: true }).nullable().describe('Once, instead of cron'),
  overlap: z
    .enum(['skip', 'queue'])
    .describe('While the run before has not ended: leave this one out, or let it wait (at most 10)'),
  paused: z.boolean(),
};

const newFields = {
  name: fields.name.default(null),
  cron: fields.cron.default(null),
  time_zone: fields.time_zone.default('UTC'),
  run_at: fields.run_at.default(null),
  overlap: fields.overlap.default('skip'),
  paused: fields.paused.default(false),
};

/** Body of `POST /bulk/schedules`; exactly one of `cron` and `run_at`. */
export const scheduleRequestSchema = z
  .discriminatedUnion('operation', [
    z.strictObject({
      operation: z.literal('export'),
      options: optionSchemas.export.prefault({ format: 'json' }),
      ...newFields,
    }),
    z.strictObject({ operation: z.literal('delete'), options: optionSchemas.delete, ...newFields }),
  ])
  .meta({ id: 'BulkScheduleRequest' });
/** Body of `POST /bulk/schedules`. */
export type ScheduleRequest = z.output<typeof scheduleRequestSchema>;

/** Body of `PATCH /bulk/schedules/{schedule_id}`: what is left out stays. */
export const schedulePatchSchema = z
  .strictObject({ ...fields, options: z.record(z.string(), z.unknown()) })
  .partial()
  .refine((patch) => Object.keys(patch).length > 0, {
    error: 'Nothing to change was sent',
    params: { code: 'required' },
  })
  .meta({ id: 'BulkSchedulePatch' });
/** Body of `PATCH /bulk/schedules/{schedule_id}`. */
export type SchedulePatch = z.output<typeof schedulePatchSchema>;

/** A schedule as it is read. */
export const scheduleSchema = z
  .object({
    schedule_id: z.uuid(),
    name: z.string().nullable(),
    operation: z.enum(scheduledOperations),
    options: z.record(z.string(), z.unknown()),
    cron: z.string().nullable().describe('null: runs once'),
    time_zone: z.string(),
    overlap: z.enum(['skip', 'queue']),
    paused: z.boolean(),
    next_run_at: z.iso.datetime().nullable().describe('null: it will not run again'),
    last_run_at: z.iso.datetime().nullable(),
    last_task_id: z.uuid().nullable(),
    skipped_runs: z.int().describe('Left out because the run before had not ended'),
    last_error: z.string().nullable().describe('Why the last run made no task'),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'BulkSchedule' });
/** A schedule as it is read. */
export type ScheduleView = z.output<typeof scheduleSchema>;

/** Path of a schedule. */
export const schedulePathSchema = z.object({ schedule_id: z.string().max(100) });

/** Query of the list of schedules. */
export const scheduleListQuerySchema = z.strictObject({ ...pageQueryFields, ...ownerQueryFields });
/** Query of the list of schedules. */
export type ScheduleListQuery = z.output<typeof scheduleListQuerySchema>;

/** Answer of the list of schedules. */
export const schedulePageSchema = pageOf(scheduleSchema).meta({ id: 'BulkSchedulePage' });
/** Answer of the list of schedules. */
export type SchedulePage = z.output<typeof schedulePageSchema>;
