import { sqlState } from '@hornbook/database';
import type { Ending } from './finish-task.js';
import type { ChunkOutcome } from './task-kind.js';
import { TaskError } from './tasks.errors.js';

/** A failure with this code (for programs) and message (for the owner). */
export function failed(code: string, message: string): Ending {
  return { status: 'FAILURE', error: { code, message } };
}

/** The end of a task that ran for too long. */
export const deadlineExceeded = failed(
  'deadline_exceeded',
  'The task ran for longer than it may; what is done stays, and resume goes on from there',
);

/** How a chunk's outcome ends its task, if it does. */
export function endingOf(outcome: ChunkOutcome<unknown>): Ending | undefined {
  if (outcome.abort) return { status: 'FAILURE', error: outcome.abort };
  return outcome.done ? { status: 'SUCCESS' } : undefined;
}

/** What the owner may read of an error; the log has all of it. */
export function publicMessage(error: unknown): string {
  if (error instanceof TaskError) return error.message;
  const state = sqlState(error);
  return state === undefined ? 'an unexpected error' : `the database refused it (SQLSTATE ${state})`;
}
