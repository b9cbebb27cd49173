import { exitCodes, ExitError } from '../exit.js';
import { printable, type Terminal } from '../terminal.js';
import { failedRows, type TaskView } from './task.js';

const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

/** `cards_imported` → `cards imported`. */
const spaced = (name: string): string => name.replaceAll('_', ' ');

/** Results that say where something is: for programs. */
const isLink = (name: string): boolean => /_url(_expires_at)?$/.test(name);

/** Members of a result in the order in which a person asks for them; the others follow. */
const order = [
  'cards_imported',
  'cards_updated',
  'cards_skipped',
  'cards_exported',
  'cards_deleted',
  'cards_failed',
  'cards_published',
  'extropy_earned',
];
const place = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);

/** The numbers of a result, one a line: `cards imported  9,999`. */
export function resultLines(task: TaskView): string[] {
  return Object.entries(task.result ?? {})
    .filter(([name, value]) => isScalar(value) && value !== false && !isLink(name))
    .filter(([, value]) => String(value).length < 200)
    .sort(([one], [other]) => place(one) - place(other))
    .map(
      ([name, value]) =>
        `${spaced(name).padEnd(20)} ${printable(typeof value === 'number' ? value.toLocaleString('en-US') : String(value))}`,
    );
}

/**
 * Says what became of a task that has ended.
 * @param isJson the whole status as one line of JSON, for programs
 * @throws ExitError 3, 4 or 5 unless all went well
 */
export function tellOutcome(task: TaskView, { out, err }: Terminal, isJson = false): void {
  if (isJson) out.write(`${JSON.stringify(task)}\n`);
  else
    for (const line of [`${task.status}  task ${task.task_id}`, ...resultLines(task)]) out.write(`${line}\n`);
  switch (task.status) {
    case 'FAILURE':
      throw new ExitError(
        exitCodes.taskFailed,
        `${printable(task.error ?? 'The task failed')}\nTo go on where it stands: hornbook bulk resume ${task.task_id}`,
      );
    case 'REVOKED':
      throw new ExitError(
        exitCodes.taskCancelled,
        `Cancelled. To go on where it stands: hornbook bulk resume ${task.task_id}`,
      );
    default: {
      const failed = failedRows(task);
      if (failed === 0) return;
      err.write(`${failed} failed. To see why: hornbook bulk errors ${task.task_id}\n`);
      throw new ExitError(exitCodes.someRowsFailed);
    }
  }
}
