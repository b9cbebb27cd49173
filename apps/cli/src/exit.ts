/**
 * Exit codes of `hornbook`, so that scripts need not read what it prints.
 *
 * | code | meaning |
 * |---|---|
 * | 0 | done, and nothing went wrong |
 * | 1 | refused by the platform, or the platform or a file could not be reached |
 * | 2 | wrong usage |
 * | 3 | a bulk operation ended, and some of its rows failed |
 * | 4 | a bulk operation failed |
 * | 5 | a bulk operation was cancelled |
 * | 130 | stopped by Ctrl-C (SIGINT); 143 by SIGTERM |
 */
export const exitCodes = {
  done: 0,
  refused: 1,
  usage: 2,
  someRowsFailed: 3,
  taskFailed: 4,
  taskCancelled: 5,
  interrupted: 130,
  terminated: 143,
} as const;

/** Ends the command with a code; what there was to say is said already, or is the message. */
export class ExitError extends Error {
  constructor(
    readonly exitCode: number,
    message = '',
  ) {
    super(message);
  }
}
