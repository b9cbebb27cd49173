import { queryRows, type Tx } from '@hornbook/database';
import type { AnyTaskKind } from './task-kind.js';
import type { Json, StoredRowError, Task, TaskFailure, TaskStatus } from './task.js';

/** Columns of `tasks` that make up a `Task`. */
export const TASK_COLUMNS = `id, kind, owner, status, params, total, current, counters, checkpoint, attempts, run_at,
  created_at, started_at, updated_at, finished_at, expires_at, cancel_requested_at, result, error, version, lease_epoch,
  schedule_id`;

/** A row of `TASK_COLUMNS`; bigint comes as text. */
export interface TaskRow {
  readonly id: string;
  readonly kind: string;
  readonly owner: string;
  readonly status: TaskStatus;
  readonly params: unknown;
  readonly total: string | null;
  readonly current: string;
  readonly counters: Record<string, number>;
  readonly checkpoint: Json | null;
  readonly attempts: number;
  readonly run_at: Date;
  readonly created_at: Date;
  readonly started_at: Date | null;
  readonly updated_at: Date;
  readonly finished_at: Date | null;
  readonly expires_at: Date | null;
  readonly cancel_requested_at: Date | null;
  readonly result: Json | null;
  readonly error: TaskFailure | null;
  readonly version: string;
  readonly lease_epoch: string;
  readonly schedule_id: string | null;
}

/** The task of a row. */
export function toTask(row: TaskRow): Task {
  return {
    id: row.id,
    kind: row.kind,
    owner: row.owner,
    status: row.status,
    params: row.params,
    total: row.total === null ? null : Number(row.total),
    current: Number(row.current),
    counters: row.counters,
    checkpoint: row.checkpoint,
    attempts: row.attempts,
    runAt: row.run_at,
    createdAt: row.created_at,
    startedAt: row.started_at,
    updatedAt: row.updated_at,
    finishedAt: row.finished_at,
    expiresAt: row.expires_at,
    cancelRequestedAt: row.cancel_requested_at,
    result: row.result,
    error: row.error,
    version: Number(row.version),
    epoch: Number(row.lease_epoch),
    scheduleId: row.schedule_id,
  };
}

/** Row errors of a task after the one with id `after`, in order. */
export async function readRowErrors(
  query: <Row>(sql: string, parameters: readonly unknown[]) => Promise<Row[]>,
  taskId: string,
  limit: number,
  after = 0,
): Promise<StoredRowError[]> {
  const rows = await query<
    Omit<StoredRowError, 'id' | 'index' | 'line'> & Record<'id' | 'index', string> & { line: string | null }
  >(
    `SELECT id, "index", line, field, code, message, "row", details FROM task_errors
     WHERE task_id = $1 AND id > $2 ORDER BY id LIMIT $3`,
    [taskId, after, limit],
  );
  return rows.map((row) => ({
    ...row,
    id: Number(row.id),
    index: Number(row.index),
    line: row.line === null ? null : Number(row.line),
  }));
}

/** `readRowErrors` inside a transaction. */
export function readRowErrorsIn(tx: Tx, taskId: string, limit: number): Promise<StoredRowError[]> {
  return readRowErrors((sql, parameters) => queryRows(tx, sql, parameters), taskId, limit);
}

/** SQL of one of the texts that came with a task, for a statement of the service's own. @param task @param seq SQL of each */
export function taskInput(task: string, seq: string): string {
  return `(SELECT content FROM task_inputs WHERE task_id = ${task} AND seq = ${seq})`;
}

/** Text number `seq` of those that came with a task. */
export async function readInput(
  query: <Row>(sql: string, parameters: readonly unknown[]) => Promise<Row[]>,
  taskId: string,
  seq: number,
): Promise<string | undefined> {
  const [row] = await query<{ content: string }>(
    'SELECT content FROM task_inputs WHERE task_id = $1 AND seq = $2',
    [taskId, seq],
  );
  return row?.content;
}

/** How long, in milliseconds, the tasks of each kind may run: what a claim writes down. */
export function deadlinesOf(
  kinds: Iterable<AnyTaskKind>,
  which: 'softDeadlineMs' | 'hardDeadlineMs',
): string {
  const fallback = which === 'softDeadlineMs' ? 55 * 60_000 : 60 * 60_000;
  return JSON.stringify(Object.fromEntries([...kinds].map((kind) => [kind.name, kind[which] ?? fallback])));
}
