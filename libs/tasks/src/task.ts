/** Anything that JSON can say. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** Celery's words, and REVOKED for a task that was cancelled. */
export const taskStatuses = ['PENDING', 'STARTED', 'RETRY', 'SUCCESS', 'FAILURE', 'REVOKED'] as const;
/**
 * - `PENDING`: waits for a worker, or for its `runAt`;
 * - `STARTED`: a worker has it, or had it and will be replaced;
 * - `RETRY`: a chunk failed and is tried again after a back-off;
 * - `SUCCESS`, `FAILURE`, `REVOKED`: finished. The last two can be resumed.
 */
export type TaskStatus = (typeof taskStatuses)[number];

/** How a task can end. */
export type FinishedStatus = Extract<TaskStatus, 'SUCCESS' | 'FAILURE' | 'REVOKED'>;

/** Why a task failed, or why its last chunk did while it is in RETRY. */
export interface TaskFailure {
  /**
   * The kind's own code, or one of the library's: `chunk_failed`, `deadline_exceeded`, `worker_lost`,
   * `invalid_params`.
   */
  readonly code: string;
  /** For a person; holds no SQL and no host names unless the kind puts them there. */
  readonly message: string;
}

/** A piece of long-running work as it stands. */
export interface Task<Params = unknown, Checkpoint = unknown> {
  /** UUIDv7: tasks sort by age. */
  readonly id: string;
  readonly kind: string;
  readonly owner: string;
  readonly status: TaskStatus;
  /** As the kind's schema put them out when the task was created. */
  readonly params: Params;
  /** How much there is to do; null while nobody knows. */
  readonly total: number | null;
  /** How much is done: the sum of all `processed`. */
  readonly current: number;
  /** Sums by name of what the chunks reported. */
  readonly counters: Readonly<Record<string, number>>;
  /** Where the next chunk goes on; null before the first one has committed. */
  readonly checkpoint: Checkpoint | null;
  /** Tries of the chunk at the checkpoint that failed or whose worker died. */
  readonly attempts: number;
  /** Not started before. */
  readonly runAt: Date;
  readonly createdAt: Date;
  /** First start since it was created or resumed. */
  readonly startedAt: Date | null;
  /** Last time anything of this changed. */
  readonly updatedAt: Date;
  readonly finishedAt: Date | null;
  /** From then on the task answers "gone"; null while it is unfinished. */
  readonly expiresAt: Date | null;
  readonly cancelRequestedAt: Date | null;
  /** What `finish` returned. */
  readonly result: Json | null;
  readonly error: TaskFailure | null;
  /** Grows with every change that `waitForChange` and an ETag tell of. */
  readonly version: number;
  /** Grows with every claim and resume; tells the files of two runs of one task apart. */
  readonly epoch: number;
  /** The schedule that made it, if one did. */
  readonly scheduleId: string | null;
}

/** What is wrong with one row of a task's input. */
export interface RowError {
  /** 0-based position in the whole input. */
  readonly index: number;
  /** Physical line of a file, from 1. */
  readonly line?: number | null;
  readonly field?: string | null;
  readonly code: string;
  readonly message: string;
  /** The row as it came, to be fixed and sent again. NUL and lone surrogates are kept as U+FFFD. */
  readonly row?: string | null;
  /** Whatever else the kind wants to say. */
  readonly details?: Json;
}

/** A row error as it is stored; `id` grows in the order of the chunks. */
export interface StoredRowError extends Required<Omit<RowError, 'details'>> {
  readonly id: number;
  readonly details: Json | null;
}

/** Whether nothing more happens to a task of this status by itself. */
export function isFinished(status: TaskStatus): status is FinishedStatus {
  return status === 'SUCCESS' || status === 'FAILURE' || status === 'REVOKED';
}
