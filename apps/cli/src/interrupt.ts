import { exitCodes } from './exit.js';

/** Why a command is to stop, as the reason of its signal. */
export class Interruption extends Error {
  constructor(readonly exitCode: number) {
    super('stopped');
  }
}

/**
 * Runs something that Ctrl-C ends in order. The second Ctrl-C ends the process at once.
 * @throws what `run` throws; it sees the interruption as the reason of its signal
 */
export async function interruptible<Result>(run: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const controller = new AbortController();
  const onInterrupt = (): void => {
    release();
    controller.abort(new Interruption(exitCodes.interrupted));
  };
  const onTerminate = (): void => {
    release();
    controller.abort(new Interruption(exitCodes.terminated));
  };
  const release = (): void => {
    process.removeListener('SIGINT', onInterrupt).removeListener('SIGTERM', onTerminate);
  };
  process.on('SIGINT', onInterrupt).on('SIGTERM', onTerminate);
  try {
    return await run(controller.signal);
  } finally {
    release();
  }
}
