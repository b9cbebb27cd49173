import { onCommit, queryRows, type Tx } from '@hornbook/database';
import { metrics } from './metrics.js';
import type { AnyTaskKind } from './task-kind.js';
import { readRowErrorsIn } from './task-row.js';
import { LeaseLostError } from './tasks.errors.js';
import type { FinishedStatus, Task, TaskFailure } from './task.js';
import type { TasksSettings } from './tasks-options.js';

/** How a task ends. */
export interface Ending {
  readonly status: FinishedStatus;
  readonly error?: TaskFailure;
  /** False when the kind's hook itself has failed. Default true. */
  readonly withHook?: boolean;
}

/** What finishing needs to know beside the task. */
export interface FinishParts {
  readonly kind: AnyTaskKind | undefined;
  readonly settings: TasksSettings;
  /** Called with the task's id after the commit. */
  readonly changed: (id: string) => void;
}

/*
 * Fenced by the epoch, which grows with every claim and every resume. The fields that chunks write come from the
 * caller, who either has them from this very transaction or holds the row's lock.
 */
const FINISH = `
  UPDATE tasks SET status = $3, error = $4, result = $5, total = $6, current = $7, counters = $8, checkpoint = $9,
    finished_at = $10, updated_at = $10, expires_at = $10::timestamptz + $11 * interval '1 ms', attempts = $12,
    lease_owner = NULL, cancel_requested_at = coalesce(cancel_requested_at, $13),
    version = version + 1
  WHERE id = $1 AND lease_epoch = $2 AND finished_at IS NULL
  RETURNING version`;

/**
 * Ends a task inside `tx`: the kind's `finish`, then the row.
 * @throws LeaseLostError when somebody else has the task by now
 */
export async function finishTask(tx: Tx, task: Task, ending: Ending, parts: FinishParts): Promise<void> {
  const { kind, settings, changed } = parts;
  const [clock] = await queryRows<{ now: Date }>(tx, 'SELECT clock_timestamp() AS now');
  const finishedAt = clock?.now ?? new Date();
  const retentionMs = kind?.retentionMs ?? settings.retentionMs;
  const finished = {
    ...task,
    status: ending.status,
    error: ending.error ?? null,
    finishedAt,
    updatedAt: finishedAt,
    expiresAt: new Date(finishedAt.getTime() + retentionMs),
  };
  const errors = (limit: number): ReturnType<typeof readRowErrorsIn> => readRowErrorsIn(tx, task.id, limit);
  const result = ending.withHook === false ? undefined : await kind?.finish?.({ task: finished, tx, errors });
  const rows = await queryRows(tx, FINISH, [
    task.id,
    task.epoch,
    ending.status,
    jsonOrNull(ending.error),
    jsonOrNull(result),
    task.total,
    task.current,
    JSON.stringify(task.counters),
    jsonOrNull(task.checkpoint),
    finishedAt,
    retentionMs,
    task.attempts,
    ending.status === 'REVOKED' ? finishedAt : null,
  ]);
  if (rows.length === 0) throw new LeaseLostError(task.id);
  onCommit(tx, () => {
    metrics.finished.inc({ kind: task.kind, status: ending.status });
    changed(task.id);
  });
}

/** As a jsonb parameter; null for what is not there. */
export function jsonOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}
