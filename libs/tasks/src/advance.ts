import type { ChunkOutcome } from './task-kind.js';
import type { Task } from './task.js';

/**
 * The task after a chunk. Sums are made here and stored as they are: only the holder of the lease changes them, so a
 * transaction that runs twice stores the same.
 * @throws TypeError when a number that the kind reported is not whole
 */
export function advance(task: Task, outcome: ChunkOutcome<unknown>): Task {
  const counters: Record<string, number> = { ...task.counters };
  for (const [name, delta] of Object.entries(outcome.counters ?? {})) {
    counters[name] = (counters[name] ?? 0) + whole(delta, `counter ${name}`);
  }
  return {
    ...task,
    counters,
    current: task.current + whole(outcome.processed ?? 0, 'processed'),
    total: outcome.total === undefined ? task.total : whole(outcome.total, 'total'),
    checkpoint: outcome.checkpoint ?? null,
    attempts: 0,
    error: null,
  };
}

/** The counters of an atomic task whose work was rolled back. */
export function rolledBack(task: Task, keptCounters: readonly string[] = []): Task {
  const kept = Object.entries(task.counters).map(([name, sum]) => [
    name,
    keptCounters.includes(name) ? sum : 0,
  ]);
  return { ...task, counters: Object.fromEntries(kept) as Record<string, number>, checkpoint: null };
}

function whole(value: number, what: string): number {
  if (!Number.isSafeInteger(value))
    throw new TypeError(`${what} must be a whole number, not ${String(value)}`);
  return value;
}
