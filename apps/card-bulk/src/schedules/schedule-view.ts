import type { Schedule } from '@hornbook/tasks';
import { kindOf } from '../bulk/task-view.js';
import type { ScheduledOperation, ScheduleView } from './schedules.schemas.js';

/** Strong entity tag of a schedule. */
export function scheduleEtag({ version }: Pick<Schedule, 'version'>): string {
  return `"${version}"`;
}

/** What a schedule does. */
export function operationOf(schedule: Pick<Schedule, 'kind'>): ScheduledOperation {
  return kindOf(schedule) as ScheduledOperation;
}

/** A schedule as the API shows it. */
export function scheduleView(schedule: Schedule): ScheduleView {
  const { webhook_url: _, ...options } = schedule.params as Record<string, unknown>;
  return {
    schedule_id: schedule.id,
    name: schedule.name,
    operation: operationOf(schedule),
    options,
    cron: schedule.cron,
    time_zone: schedule.timeZone,
    overlap: schedule.overlap,
    paused: schedule.paused,
    next_run_at: schedule.nextRunAt?.toISOString() ?? null,
    last_run_at: schedule.lastRunAt?.toISOString() ?? null,
    last_task_id: schedule.lastTaskId,
    skipped_runs: schedule.skipped,
    last_error: schedule.lastError,
    created_at: schedule.createdAt.toISOString(),
    updated_at: schedule.updatedAt.toISOString(),
  };
}
