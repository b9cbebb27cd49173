import type { TaskView } from '../../src/bulk/task.js';
import type { Said } from './scripted-gateway.js';

/** The status of a task as the platform tells it. */
export function task(overrides: Partial<TaskView> = {}): TaskView {
  const { status = 'SUCCESS' } = overrides;
  return {
    task_id: 'task-1',
    kind: 'import',
    status,
    progress: { current: 10, total: 10, percent: 100, rate_per_second: 1000, eta_seconds: null },
    counters: { cards_imported: 10, cards_failed: 0 },
    ...(status === 'SUCCESS' ? { result: { cards_imported: 10, cards_failed: 0, dry_run: false } } : {}),
    ...overrides,
  };
}

let version = 0;

/** Such a status as an answer, with an ETag of its own. */
export function statusAnswer(overrides: Partial<TaskView> = {}): Said {
  return { headers: { etag: `"${++version}"` }, body: task(overrides) };
}

/** Half-way through. */
export const halfway: Partial<TaskView> = {
  status: 'STARTED',
  progress: { current: 5, total: 10, percent: 50, rate_per_second: 100, eta_seconds: 65 },
};

/** 202 of a bulk operation. */
export const accepted: Said = { status: 202, body: { task_id: 'task-1', message: 'Bulk import initiated' } };
