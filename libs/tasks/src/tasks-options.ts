import type { Tx } from '@hornbook/database';
import type { Task } from './task.js';

/** Where warnings and errors go; Nest's `Logger` fits. */
export interface TasksLogger {
  warn(message: string): void;
  error(message: string): void;
}

/** How tasks are kept. */
export interface TasksOptions {
  /** How long a finished task can be read. Default 30 days. */
  readonly retentionMs?: number;
  /** How long an expired task answers "gone" before it is unknown. Default 30 days. */
  readonly goneMs?: number;
  /** How long an idempotency key stands for its request. Default 24 h. */
  readonly idempotencyMs?: number;
  /** Most unfinished tasks of one owner. Default: no limit. Schedules are not held to it. */
  readonly activePerOwner?: number;
  /** Runs in every transaction that makes a task claimable (create, resume, schedule): the place to publish a wake-up. */
  onQueued?(tx: Tx, task: Task): Promise<void>;
  readonly logger?: TasksLogger;
}

/** How one process works on tasks. */
export interface TaskWorkerOptions {
  /** Chunks worked on at once; each takes one database connection, and so does one that is staged and waits. Default 2. */
  readonly slots?: number;
  /** Tasks held at once; above `slots` only those of owners who have none running anywhere. Default 4 × slots. */
  readonly maxHeld?: number;
  /** Most tasks of one owner that run at once, all replicas together. Default 4. */
  readonly perOwner?: number;
  /** Pause between looks for work, cancelled tasks and lost leases when nothing nudges. Default 500. */
  readonly pollMs?: number;
  /** How long a silent worker keeps its tasks. Default 15,000. */
  readonly leaseMs?: number;
  /** First back-off of a failing chunk; it doubles with each try, less a jitter of up to a half. Default 1,000. */
  readonly retryBaseMs?: number;
  /** Longest back-off. Default 60,000. */
  readonly retryMaxMs?: number;
  /** How long `stop` waits for the chunks in hand before their signal is aborted. Default 10,000. */
  readonly graceMs?: number;
}

/** `TasksOptions` with every default filled in. */
export type TasksSettings = Required<Omit<TasksOptions, 'activePerOwner' | 'onQueued'>> &
  Pick<TasksOptions, 'activePerOwner' | 'onQueued'>;

const DAY_MS = 86_400_000;
const silent: TasksLogger = { warn: () => undefined, error: () => undefined };

/** Fills in the defaults. */
export function tasksSettings(options: TasksOptions): TasksSettings {
  return {
    retentionMs: 30 * DAY_MS,
    goneMs: 30 * DAY_MS,
    idempotencyMs: DAY_MS,
    logger: silent,
    ...options,
  };
}

/** Fills in the defaults. */
export function workerSettings(options: TaskWorkerOptions): Required<TaskWorkerOptions> {
  const slots = options.slots ?? 2;
  return {
    slots,
    maxHeld: slots * 4,
    perOwner: 4,
    pollMs: 500,
    leaseMs: 15_000,
    retryBaseMs: 1_000,
    retryMaxMs: 60_000,
    graceMs: 10_000,
    ...options,
  };
}
