/** What happens when the task of the last run has not ended: the run is left out, or its task waits for that one. */
export type Overlap = 'skip' | 'queue';

/** Makes tasks of a kind at given times. */
export interface Schedule {
  /** UUIDv7 */
  readonly id: string;
  readonly kind: string;
  readonly owner: string;
  readonly name: string | null;
  readonly params: unknown;
  /** Null when it runs once. */
  readonly cron: string | null;
  readonly timeZone: string;
  readonly overlap: Overlap;
  readonly paused: boolean;
  /** Null when it will not run again. */
  readonly nextRunAt: Date | null;
  readonly lastRunAt: Date | null;
  readonly lastTaskId: string | null;
  /** Runs left out because of `overlap`. */
  readonly skipped: number;
  /** Why the last run made no task, when it failed to. */
  readonly lastError: string | null;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Columns of `task_schedules` that make up a `Schedule`. */
export const SCHEDULE_COLUMNS = `id, kind, owner, name, params, cron, time_zone, overlap, paused, next_run_at, last_run_at,
  last_task_id, skipped, last_error, version, created_at, updated_at`;

/** A row of `SCHEDULE_COLUMNS`; bigint comes as text. */
export interface ScheduleRow {
  readonly id: string;
  readonly kind: string;
  readonly owner: string;
  readonly name: string | null;
  readonly params: unknown;
  readonly cron: string | null;
  readonly time_zone: string;
  readonly overlap: Overlap;
  readonly paused: boolean;
  readonly next_run_at: Date | null;
  readonly last_run_at: Date | null;
  readonly last_task_id: string | null;
  readonly skipped: string;
  readonly last_error: string | null;
  readonly version: string;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** The schedule of a row. */
export function toSchedule(row: ScheduleRow): Schedule {
  return {
    id: row.id,
    kind: row.kind,
    owner: row.owner,
    name: row.name,
    params: row.params,
    cron: row.cron,
    timeZone: row.time_zone,
    overlap: row.overlap,
    paused: row.paused,
    nextRunAt: row.next_run_at,
    lastRunAt: row.last_run_at,
    lastTaskId: row.last_task_id,
    skipped: Number(row.skipped),
    lastError: row.last_error,
    version: Number(row.version),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
