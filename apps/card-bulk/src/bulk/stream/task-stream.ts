import { isFinished, type Task, type Tasks } from '@hornbook/tasks';
import { statusView } from '../task-view.js';

/** Milliseconds after which a client that lost its connection comes back. */
const RECONNECT_MS = 2_000;

/** A task that is watched. */
export interface Watch {
  readonly owner: string;
  /** As it was found. */
  readonly task: Task;
  /** Version that the client has seen, from `Last-Event-ID`. */
  readonly seen: number | undefined;
  readonly heartbeatMs: number;
  /** The client has left, or the process ends. */
  readonly signal: AbortSignal;
}

/**
 * Server-sent events of a task (WHATWG HTML, section 9.2): one `status` for each change, its id the version; comments
 * while nothing changes, so that nobody in between takes the connection for dead; the end after the task's own.
 */
export async function* taskStream(
  tasks: Tasks,
  { owner, task: found, seen, heartbeatMs, signal }: Watch,
): AsyncGenerator<string, void, undefined> {
  let task = found;
  yield `retry: ${RECONNECT_MS}\n\n`;
  if (task.version !== seen) yield statusEvent(task);
  while (!isFinished(task.status)) {
    const { version } = task;
    task = await tasks.waitForChange(owner, task.id, version, heartbeatMs, signal);
    if (signal.aborted) return;
    yield task.version === version ? ': still there\n\n' : statusEvent(task);
  }
}

// JSON holds no line break of its own, so it is one line of data.
function statusEvent(task: Task): string {
  return `event: status\nid: ${task.version}\ndata: ${JSON.stringify(statusView(task))}\n\n`;
}
