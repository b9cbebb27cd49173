import { printable, type Output } from '../terminal.js';
import { failedRows, isEnded, type TaskView } from './task.js';

/** Width of the bar; the words need the rest of the line. */
const MAX_BAR = 30;

/** A plain line at most this often, milliseconds: logs are read later. */
const PLAIN_INTERVAL_MS = 10_000;

const count = (value: number): string => value.toLocaleString('en-US');

/** Seconds as a person says them: `45 s`, `3 min 5 s`, `2 h 10 min`. */
export function spoken(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** How far a task is, in words: `43 %  430,000/1,000,000  14,200/s  40 s left  3 failed`. */
export function progressWords(task: TaskView): string {
  const { current, total, percent, rate_per_second: rate, eta_seconds: left } = task.progress;
  const failed = failedRows(task);
  return [
    ...(percent === null ? [] : [`${percent} %`]),
    total === null ? count(current) : `${count(current)}/${count(total)}`,
    ...(rate === null ? [] : [`${count(Math.round(rate))}/s`]),
    ...(left === null || isEnded(task) ? [] : [`${spoken(left)} left`]),
    ...(failed === 0 ? [] : [`${count(failed)} failed`]),
  ].join('  ');
}

/** One line with a bar, no wider than `columns`; without a bar where nobody knows the total or there is no room. */
export function progressBar(task: TaskView, columns: number): string {
  const words = `${task.status.toLowerCase()}  ${progressWords(task)}`;
  const width = Math.min(MAX_BAR, columns - words.length - 4);
  const { percent } = task.progress;
  if (percent === null || width < 5) return words.slice(0, Math.max(0, columns - 1));
  const done = Math.round((width * percent) / 100);
  return `[${'#'.repeat(done)}${'.'.repeat(width - done)}] ${words}`;
}

/** Shows how a task goes on. */
export interface ProgressDisplay {
  show(task: TaskView): void;
  /** A remark between, e.g. that the platform does not answer at the moment. */
  note(text: string): void;
  /** Leaves the output ready for other lines. */
  end(): void;
}

const CLEAR_LINE = '\r\u001b[2K';

/** One line that is written over and over: for a person who looks on. */
function liveDisplay(output: Output): ProgressDisplay {
  let isDrawn = false;
  const clear = (): void => {
    if (isDrawn) output.write(CLEAR_LINE);
    isDrawn = false;
  };
  return {
    show(task) {
      output.write(`${CLEAR_LINE}${progressBar(task, output.columns ?? 80)}`);
      isDrawn = true;
    },
    note(text) {
      clear();
      output.write(`${printable(text)}\n`);
    },
    end: clear,
  };
}

/** A line for every change of status, and now and then one between: for logs and pipes. */
function plainDisplay(output: Output, now: () => number): ProgressDisplay {
  let shown: { readonly status: string; readonly at: number } | undefined;
  return {
    show(task) {
      const isDue = shown?.status !== task.status || now() - shown.at >= PLAIN_INTERVAL_MS;
      if (!isDue) return;
      shown = { status: task.status, at: now() };
      output.write(`${task.status}  ${progressWords(task)}\n`);
    },
    note: (text) => output.write(`${printable(text)}\n`),
    end: () => undefined,
  };
}

/** The display that suits an output: a bar on a terminal, plain lines elsewhere. */
export function createDisplay(output: Output, now: () => number = () => Date.now()): ProgressDisplay {
  return output.isTTY === true ? liveDisplay(output) : plainDisplay(output, now);
}
