import { createHash } from 'node:crypto';
import type { Failure } from '../transport/message-transport.js';

/**
 * Describes why a message was parked, for people and for grouping. The fingerprint is the error's class and the
 * first frame of the stack outside of node and node_modules: one cause, one fingerprint, whatever the message says.
 */
export function failureOf(error: unknown, reason: string, attempts: number): Failure {
  const isError = error instanceof Error;
  const errorClass = isError ? error.constructor.name : typeof error;
  const message = isError ? error.message : String(error);
  const frame = (isError ? (error.stack ?? '') : '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .find((line) => !/node:|node_modules/.test(line));
  // Line and column move with every edit; the function and its file do not.
  const place =
    frame
      ?.replace(/:\d+:\d+\)?$/, '')
      .replace(/^.*[\\/]/, '')
      .trim() ?? '';
  const fingerprint = createHash('sha256').update(`${errorClass}\n${place}`).digest('hex').slice(0, 16);
  return { reason, errorClass, errorMessage: message.slice(0, 1_000), fingerprint, attempts };
}
