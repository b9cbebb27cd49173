import { isConnectionFailure, sqlState } from '@hornbook/database';
import type { Logger } from 'pino';
import { ConfigurationError } from '../config/config-class.js';

/** What ends a process in order. */
export interface Stoppable {
  stop(): Promise<void>;
}

/**
 * Ends the process with 0 on SIGTERM and SIGINT, and with 1 when that takes longer than the grace period. To be called
 * before the start is over: a signal that comes meanwhile is kept until what is starting can be stopped in order.
 * @param starting what is to be stopped; if it never runs, whoever starts it ends the process
 */
export function endOnSignals(starting: Promise<Stoppable>, graceSeconds: number, logger: Logger): void {
  let isEnding = false;
  const end = (signal: NodeJS.Signals): void => {
    logger.info({ msg: 'stopping', signal });
    // A second signal, as Ctrl-C or a nervous supervisor sends it, must not cut off what is in hand.
    if (isEnding) return;
    isEnding = true;
    setTimeout(() => {
      logger.fatal({ msg: 'shutdown took too long', seconds: graceSeconds });
      process.exit(1);
    }, graceSeconds * 1000);
    const stop = async (): Promise<void> => {
      const running = await starting.catch(() => undefined);
      if (!running) return;
      await running.stop();
      logger.info({ msg: 'stopped' });
      process.exit(0);
    };
    void stop();
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
}

/**
 * Ends the process with 1, and a line in the log, when an error reached nobody: what it left half-done is unknown.
 * Nothing is finished in order then; what was not committed is rolled back, and unsettled messages come again.
 */
export function endOnUncaughtErrors(logger: Logger): void {
  const end = (msg: string, error: unknown): void => {
    logger.fatal({ msg, err: error });
    process.exit(1);
  };
  process.on('uncaughtException', (error) => end('uncaught error', error));
  process.on('unhandledRejection', (reason) => end('unhandled rejection', reason));
}

/** What an operator reads when a service cannot start: one line where the cause is known, else the stack. */
export function startFailure(service: string, error: unknown): string {
  if (error instanceof ConfigurationError) return error.message;
  if (!(error instanceof Error)) return String(error);
  const cause = knownCause(error);
  return cause === undefined ? (error.stack ?? error.message) : `${service} cannot start: ${cause}`;
}

/** Members of the errors that Node throws for system calls. */
interface SystemError extends Error {
  readonly code?: string;
  readonly syscall?: string;
  readonly address?: string;
  readonly port?: number;
}

function knownCause(error: SystemError): string | undefined {
  if (error.syscall === 'listen') {
    const address = `${error.address ?? ''}:${String(error.port ?? '')}`;
    if (error.code === 'EADDRINUSE') return `${address} is taken by another process (HOST, PORT)`;
    return `it cannot listen on ${address}: ${error.code ?? error.message} (HOST, PORT)`;
  }
  // Refused by each address of a name, Node's error has no message of its own.
  const reason = error.message || error.code;
  if (isConnectionFailure(error)) return `the database cannot be reached (DATABASE_URL): ${String(reason)}`;
  // Invalid authorization; no such database.
  if (/^(28...|3D000)$/.test(sqlState(error) ?? ''))
    return `the database refuses us (DATABASE_URL): ${String(reason)}`;
  return undefined;
}
