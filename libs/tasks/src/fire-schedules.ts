import { isConnectionFailure, queryRows, type Tx } from '@hornbook/database';
import { nextRun } from './next-run.js';
import { SCHEDULE_COLUMNS, toSchedule, type Schedule, type ScheduleRow } from './schedule.js';
import { TaskError } from './tasks.errors.js';
import type { Tasks } from './tasks.js';

/** Tasks of one schedule that may wait for each other; further runs are left out. */
const MAX_QUEUED = 10;
/** Schedules fired in one look. */
const MAX_FIRED = 100;

/**
 * Fires every due schedule: the task, the time of the next run and the lock on the schedule's row are one
 * transaction, so of any number of replicas one fires it, once. Runs that were missed while nobody looked are made
 * up for by one.
 */
export async function fireDueSchedules(tasks: Tasks): Promise<void> {
  for (let fired = 0; fired < MAX_FIRED; fired++) {
    let due: Schedule | undefined;
    try {
      const isFired = await tasks.database.transaction(async (tx) => {
        due = await lockDue(tx);
        if (!due) return false;
        await fire(tasks, tx, due);
        return true;
      });
      if (!isFired) return;
    } catch (error) {
      if (!due || isConnectionFailure(error)) throw error;
      await leaveOut(tasks, due, error);
    }
  }
}

async function lockDue(tx: Tx): Promise<Schedule | undefined> {
  const [row] = await queryRows<ScheduleRow>(
    tx,
    `SELECT ${SCHEDULE_COLUMNS} FROM task_schedules WHERE NOT paused AND next_run_at <= clock_timestamp()
     ORDER BY next_run_at LIMIT 1 FOR UPDATE SKIP LOCKED`,
  );
  return row && toSchedule(row);
}

async function fire(tasks: Tasks, tx: Tx, schedule: Schedule): Promise<void> {
  const [state] = await queryRows<{ unfinished: string; latest: string | null }>(
    tx,
    `SELECT count(*) AS unfinished, max(id::text) AS latest FROM tasks
     WHERE schedule_id = $1 AND finished_at IS NULL`,
    [schedule.id],
  );
  const unfinished = Number(state?.unfinished ?? 0);
  const isLeftOut = schedule.overlap === 'skip' ? unfinished > 0 : unfinished >= MAX_QUEUED;
  let taskId: string | null = null;
  if (!isLeftOut) {
    const { kind, owner, params } = schedule;
    const origin = { scheduleId: schedule.id, afterTask: state?.latest ?? null };
    const { task } = await tasks.createIn(tx, { kind, owner, params }, origin);
    taskId = task.id;
  }
  await queryRows(
    tx,
    `UPDATE task_schedules SET next_run_at = $2, last_run_at = next_run_at, last_task_id = coalesce($3, last_task_id),
       skipped = skipped + $4, last_error = NULL, version = version + 1, updated_at = clock_timestamp()
     WHERE id = $1`,
    [schedule.id, nextRun(schedule, new Date()), taskId, isLeftOut ? 1 : 0],
  );
}

/** A run that cannot be: said on the schedule, and not tried again and again. */
async function leaveOut(tasks: Tasks, schedule: Schedule, error: unknown): Promise<void> {
  tasks.settings.logger.error(`schedule ${schedule.id} (${schedule.kind}) made no task: ${String(error)}`);
  const reason = error instanceof TaskError ? error.message : 'an unexpected error';
  await tasks.database.query(
    `UPDATE task_schedules SET next_run_at = $2, last_error = $3, version = version + 1, updated_at = clock_timestamp()
     WHERE id = $1 AND version = $4 RETURNING id`,
    [schedule.id, nextRun(schedule, new Date()), reason.slice(0, 2_000), schedule.version],
  );
}
