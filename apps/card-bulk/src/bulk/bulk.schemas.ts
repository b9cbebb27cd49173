import { pageOf, pageQueryFields, text } from '@hornbook/contracts';
import { taskStatuses } from '@hornbook/tasks';
import { z } from 'zod';
import { ownerQueryFields } from '../access/acting-for.js';
import { MAX_WAIT_SECONDS } from './limits.js';

/** What a task does. */
export const bulkKinds = ['import', 'export', 'delete', 'restore'] as const;
/** What a task does. */
export type BulkKind = (typeof bulkKinds)[number];

/** 202 body of every bulk operation (seed 002). */
export const acceptedSchema = z
  .object({
    task_id: z.uuid(),
    status: z.enum(taskStatuses),
    message: z.string(),
    estimated_duration_seconds: z.int(),
    check_status_url: z.string(),
  })
  .meta({ id: 'BulkAccepted' });
/** 202 body of every bulk operation. */
export type Accepted = z.output<typeof acceptedSchema>;

/** How far a task is. */
export const progressSchema = z
  .object({
    current: z.int(),
    total: z.int().nullable().describe('null while nobody knows'),
    percent: z.int().nullable(),
    rate_per_second: z.number().nullable(),
    eta_seconds: z.int().nullable(),
  })
  .meta({ id: 'BulkProgress' });

/** Answer of `GET /bulk/status/{task_id}` (seed 002, and what it leaves out). */
export const statusSchema = z
  .object({
    task_id: z.uuid(),
    kind: z.enum(bulkKinds),
    status: z.enum(taskStatuses),
    progress: progressSchema,
    counters: z.record(z.string(), z.int()).describe('Sums so far'),
    result: z.record(z.string(), z.unknown()).optional().describe('There once the task has ended'),
    outcome: z
      .enum(['complete', 'partial', 'none'])
      .optional()
      .describe('How much of a finished task went well'),
    error: z.string().optional().describe('Why it failed, or why its last chunk did while it is in RETRY'),
    error_code: z.string().optional(),
    cancel_requested: z.boolean(),
    created_at: z.iso.datetime(),
    run_at: z.iso.datetime(),
    started_at: z.iso.datetime().nullable(),
    completed_at: z.iso.datetime().nullable(),
    expires_at: z.iso.datetime().nullable().describe('From then on 410'),
    schedule_id: z.uuid().nullable(),
  })
  .meta({ id: 'BulkStatus' });
/** Answer of `GET /bulk/status/{task_id}`. */
export type StatusView = z.output<typeof statusSchema>;

/** Path of a task. */
export const taskPathSchema = z.object({ task_id: z.string().max(100) });

/** Query of a task's status. */
export const statusQuerySchema = z.strictObject({
  ...ownerQueryFields,
  wait: z.coerce
    .number()
    .int()
    .min(0)
    .max(MAX_WAIT_SECONDS)
    .default(0)
    .describe('Seconds to wait: for another version than that of If-None-Match, or without it for the end'),
});
/** Query of a task's status. */
export type StatusQuery = z.output<typeof statusQuerySchema>;

/** Query of the list of tasks. */
export const taskListQuerySchema = z.strictObject({
  ...pageQueryFields,
  ...ownerQueryFields,
  kind: z.enum(bulkKinds).optional(),
  status: z.enum(taskStatuses).optional(),
});
/** Query of the list of tasks. */
export type TaskListQuery = z.output<typeof taskListQuerySchema>;

/** Answer of the list of tasks. */
export const taskPageSchema = pageOf(statusSchema).meta({ id: 'BulkTaskPage' });
/** Answer of the list of tasks. */
export type TaskPage = z.output<typeof taskPageSchema>;

/** One row error. */
export const rowErrorSchema = z.object({
  index: z.int().describe('0-based position of the row in the input'),
  line: z.int().nullable().describe('Physical line of a file, from 1'),
  card_id: z.string().nullable().describe('Of a delete: the id that was sent'),
  title: z.string(),
  field: z.string().nullable(),
  code: z.string(),
  error: z.string(),
  row: z.string().nullable().describe('The row as it came, with the first error of a row only'),
});
/** One row error. */
export type RowErrorView = z.output<typeof rowErrorSchema>;

/** Answer of the list of row errors. */
export const rowErrorPageSchema = pageOf(rowErrorSchema);
/** Answer of the list of row errors. */
export type RowErrorPage = z.output<typeof rowErrorPageSchema>;

/** Query of the list of row errors. */
export const errorListQuerySchema = z.strictObject({
  ...pageQueryFields,
  ...ownerQueryFields,
  format: z
    .enum(['json', 'ndjson', 'csv'])
    .optional()
    .describe('A page as JSON, or all of them as a file; also by Accept'),
});
/** Query of the list of row errors. */
export type ErrorListQuery = z.output<typeof errorListQuerySchema>;

/** Answer of `GET /bulk/health` (seed 002). */
export const healthSchema = z
  .object({
    status: z.enum(['healthy', 'degraded']),
    service: z.literal('bulk-operations'),
    version: z.string(),
    celery_workers: z.enum(['healthy', 'no_workers']),
    worker_count: z.int().describe('Of all replicas, as the broker knows them'),
    pending_tasks: z.int(),
    running_tasks: z.int(),
  })
  .meta({ id: 'BulkHealth' });
/** Answer of `GET /bulk/health`. */
export type HealthView = z.output<typeof healthSchema>;

/** `Idempotency-Key`: any text a client makes up. */
export const idempotencyKeySchema = text({ min: 1, max: 255 });
