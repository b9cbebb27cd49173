import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '../config.js';
import { exitCodes, ExitError } from '../exit.js';
import { isPassing, send } from '../gateway-client.js';
import { Interruption } from '../interrupt.js';
import type { ProgressDisplay } from './progress.js';
import { isEnded, type TaskView } from './task.js';

/** Seconds that one request waits for news; the gateway holds no request much longer. */
const WAIT_SECONDS = 20;

/** Pause between two looks, milliseconds: a task changes with every chunk, a person reads no faster. */
const PAUSE_MS = 250;

/** Pauses after failed looks, milliseconds; after the last one watching is given up. */
const RETRY_MS = [500, 1000, 2000, 4000, 8000] as const;

/** Path of a task's status. */
export function statusPath(taskId: string): string {
  return `/bulk/status/${encodeURIComponent(taskId)}`;
}

/**
 * Looks at a task until it ends; survives a restart of the platform.
 * @throws ExitError 130 on Ctrl-C: the task goes on without us
 * @throws RefusedError when the platform refuses, or does not answer for a quarter of a minute
 */
export async function watchTask(
  connection: Connection,
  taskId: string,
  display: ProgressDisplay,
  signal: AbortSignal,
): Promise<TaskView> {
  let etag: string | undefined;
  let failures = 0;
  try {
    for (;;) {
      try {
        const response = await send(
          connection,
          'GET',
          `${statusPath(taskId)}?wait=${etag === undefined ? 0 : WAIT_SECONDS}`,
          {
            ...(etag === undefined ? {} : { headers: { 'if-none-match': etag } }),
            signal,
          },
        );
        failures = 0;
        if (response.status !== 304) {
          const task = (await response.json()) as TaskView;
          etag = response.headers.get('etag') ?? undefined;
          display.show(task);
          if (isEnded(task)) return task;
        }
        await delay(PAUSE_MS, undefined, { signal });
      } catch (error) {
        signal.throwIfAborted();
        const pause = RETRY_MS[failures++];
        if (!isPassing(error) || pause === undefined) throw error;
        if (failures === 1) display.note(`${(error as Error).message}; trying again`);
        await delay(pause, undefined, { signal });
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    display.end();
    const exitCode = signal.reason instanceof Interruption ? signal.reason.exitCode : exitCodes.interrupted;
    throw new ExitError(
      exitCode,
      `The task goes on. Watch it: hornbook bulk watch ${taskId}; stop it: hornbook bulk cancel ${taskId}`,
    );
  } finally {
    display.end();
  }
}
