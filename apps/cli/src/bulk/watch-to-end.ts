import type { Connection } from '../config.js';
import type { Terminal } from '../terminal.js';
import { tellOutcome } from './outcome.js';
import { createDisplay } from './progress.js';
import { watchTask } from './watch.js';

/** Watches a task to its end and says what became of it. @throws ExitError unless all went well */
export async function watchToEnd(
  connection: Connection,
  taskId: string,
  {
    terminal,
    json,
    signal,
  }: { readonly terminal: Terminal; readonly json?: boolean; readonly signal: AbortSignal },
): Promise<void> {
  const task = await watchTask(connection, taskId, createDisplay(terminal.err), signal);
  tellOutcome(task, terminal, json === true);
}
