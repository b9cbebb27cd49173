import type { ErrorCode } from '@hornbook/contracts';

/** An error whose `code` is one of the platform's and whose message may be shown to the caller as it is. */
export class TaskError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
  ) {
    super(message);
    this.name = new.target.name;
  }
}

/** `not_found`: no such task, or another owner's; the two are not told apart. */
export class TaskNotFoundError extends TaskError {
  constructor(id: string) {
    super('not_found', `Task ${id} was not found`);
  }
}

/** `gone`: the task has expired. */
export class TaskGoneError extends TaskError {
  constructor(id: string, expiredAt: Date) {
    super('gone', `Task ${id} expired at ${expiredAt.toISOString()}; its results are no longer kept`);
  }
}

/** `conflict`: the task's status does not allow what was asked. */
export class TaskStateError extends TaskError {}

/** `idempotency_key_reused`: the key stands for another request. */
export class IdempotencyKeyReusedError extends TaskError {
  constructor(key: string) {
    super(
      'idempotency_key_reused',
      `Idempotency-Key "${key}" was used for another request within its lifetime; send the same request or a new key`,
    );
  }
}

/** `rate_limited`: the owner has as many unfinished tasks as allowed. */
export class TooManyTasksError extends TaskError {
  constructor(readonly limit: number) {
    super(
      'rate_limited',
      `At most ${limit} unfinished tasks are allowed at once; wait for one to end or cancel one`,
    );
  }
}

/** `validation_error`: a schedule that cannot be. */
export class InvalidScheduleError extends TaskError {
  constructor(
    /** The member at fault: `cron`, `time_zone`, `run_at`. */
    readonly field: string,
    message: string,
  ) {
    super('validation_error', message);
  }
}

/** `not_found`: no such schedule, or another owner's. */
export class ScheduleNotFoundError extends TaskError {
  constructor(id: string) {
    super('not_found', `Schedule ${id} was not found`);
  }
}

/** Thrown by a kind to end its task as FAILURE at once: the chunk rolls back, and no retry can help. */
export class PermanentTaskError extends Error {
  override readonly name = 'PermanentTaskError';

  constructor(
    /** The task's `error.code`. */
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Reason of an aborted signal: another worker has the task, or nobody; whatever this one did is rolled back. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';

  constructor(id: string) {
    super(`The lease of task ${id} is lost`);
  }
}

/** Reason of an aborted signal: the task is being cancelled. */
export class TaskCancelledError extends Error {
  override readonly name = 'TaskCancelledError';

  constructor(id: string) {
    super(`Task ${id} is being cancelled`);
  }
}

/** Reason of an aborted signal: the hard deadline has passed. */
export class DeadlineExceededError extends Error {
  override readonly name = 'DeadlineExceededError';
}
