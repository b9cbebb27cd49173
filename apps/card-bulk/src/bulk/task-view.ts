import { isFinished, type Task } from '@hornbook/tasks';
import type { BulkKind, StatusView } from './bulk.schemas.js';

/** Prefix of the names of this service's kinds of task. */
const PREFIX = 'card-bulk.';

/** What a task does, as the API says it. */
export function kindOf(task: Pick<Task, 'kind'>): BulkKind {
  return task.kind.slice(PREFIX.length) as BulkKind;
}

/** Name of the kind of task that does it. */
export function kindName(kind: BulkKind): string {
  return `${PREFIX}${kind}`;
}

/** Strong entity tag of a task's status. */
export function taskEtag(task: Pick<Task, 'version'>): string {
  return `"${task.version}"`;
}

/** The version that `If-None-Match` names, if it names one. */
export function versionNamedBy(ifNoneMatch: string | undefined): number | undefined {
  const version = /^\s*(?:W\/)?"(\d{1,15})"\s*$/.exec(ifNoneMatch ?? '')?.[1];
  return version === undefined ? undefined : Number(version);
}

/** Where a task's status is read. */
export function statusUrl(id: string): string {
  return `/bulk/status/${id}`;
}

/** How far a task is; the rate is that since its start, and the rest is expected to go as fast. */
function progressOf(task: Task): StatusView['progress'] {
  const { current, total, startedAt, finishedAt, updatedAt, status } = task;
  const seconds = startedAt ? ((finishedAt ?? updatedAt).getTime() - startedAt.getTime()) / 1000 : 0;
  const rate = seconds > 0 && current > 0 ? current / seconds : null;
  const isDone = status === 'SUCCESS';
  const percent = isDone
    ? 100
    : total === null
      ? null
      : total === 0
        ? 0
        : Math.min(100, Math.floor((current / total) * 100));
  const left = total === null ? null : Math.max(0, total - current);
  return {
    current,
    total,
    percent,
    rate_per_second: rate === null ? null : Math.round(rate * 10) / 10,
    eta_seconds: isFinished(status) || rate === null || left === null ? null : Math.ceil(left / rate),
  };
}

/** How much of a finished task went well: failed rows make it partial, and nothing but failed rows none. */
export function outcomeOf({ status, counters }: Task): StatusView['outcome'] | undefined {
  if (!isFinished(status)) return undefined;
  const failed = counters['cards_failed'] ?? 0;
  const good = [
    'cards_imported',
    'cards_updated',
    'cards_skipped',
    'cards_exported',
    'cards_deleted',
    'cards_restored',
  ]
    .map((name) => counters[name] ?? 0)
    .reduce((sum, count) => sum + count, 0);
  if (failed === 0 && status === 'SUCCESS') return 'complete';
  return good > 0 ? 'partial' : 'none';
}

/** A task as `GET /bulk/status/{task_id}` shows it. */
export function statusView(task: Task): StatusView {
  const outcome = outcomeOf(task);
  return {
    task_id: task.id,
    kind: kindOf(task),
    status: task.status,
    progress: progressOf(task),
    counters: { ...task.counters },
    ...(task.result === null ? {} : { result: task.result as Record<string, unknown> }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(task.error ? { error: task.error.message, error_code: task.error.code } : {}),
    cancel_requested: task.cancelRequestedAt !== null,
    created_at: task.createdAt.toISOString(),
    run_at: task.runAt.toISOString(),
    started_at: task.startedAt?.toISOString() ?? null,
    completed_at: task.finishedAt?.toISOString() ?? null,
    expires_at: task.expiresAt?.toISOString() ?? null,
    schedule_id: task.scheduleId,
  };
}

/** The status of an export with the content of its file, as far as that is small (seed 002, `export_data`). */
export function withExportData(view: StatusView, data: string | undefined): StatusView {
  return data === undefined ? view : { ...view, result: { ...view.result, export_data: data } };
}
