import { setTimeout as sleep } from 'node:timers/promises';
import { startOwnedProcess, type OwnedProcess, type ProcessEnd } from './owned-process.js';

/** What to start and when it counts as started. */
export interface RunProcessOptions {
  /** Default: this Node. */
  readonly command?: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Added to our environment; `undefined` removes a variable. */
  readonly env?: NodeJS.ProcessEnv;
  /** Started once its output matches `log`, or `url` answers 200; at once when neither is given. */
  readonly ready?: { readonly log: RegExp } | { readonly url: string };
  /** Longest wait for `ready`. Default 30,000. */
  readonly timeoutMs?: number;
}

/** A running child process; it is ended with us at the latest. */
export interface RunningProcess {
  readonly pid: number;
  readonly exited: Promise<ProcessEnd>;
  isRunning(): boolean;
  /** Everything it wrote so far, both streams as they came. */
  output(): string;
  /** Waits for a line of its output, past or to come. */
  waitForLog(pattern: RegExp, timeoutMs?: number): Promise<void>;
  /** Signals it by its process id. */
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL after the grace period (default 10 s); resolves when it is gone. */
  stop(graceMs?: number): Promise<ProcessEnd>;
}

/**
 * Starts a process and waits until it is ready.
 * @throws Error with the process's output when it ends or stays silent instead
 */
export async function runProcess(options: RunProcessOptions): Promise<RunningProcess> {
  const command = options.command ?? process.execPath;
  const owned = await startOwnedProcess({
    command,
    args: options.args,
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [owned.child.stdout, owned.child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const name = [command, ...options.args].join(' ');
  const until = async (
    isReached: () => Promise<boolean> | boolean,
    what: string,
    timeoutMs: number,
  ): Promise<void> => {
    const deadline = Date.now() + timeoutMs;
    while (!(await isReached())) {
      if (!owned.isRunning()) throw new Error(`${name} ended before ${what}. Its output:\n${output}`);
      if (Date.now() > deadline)
        throw new Error(`${name}: no ${what} within ${timeoutMs} ms. Its output:\n${output}`);
      await sleep(20);
    }
  };
  const running = describe(owned, () => output, until);
  try {
    await waitUntilReady(options, running, until);
  } catch (error) {
    await owned.end('SIGKILL');
    throw error;
  }
  return running;
}

type Until = (isReached: () => Promise<boolean> | boolean, what: string, timeoutMs: number) => Promise<void>;

async function waitUntilReady(
  options: RunProcessOptions,
  running: RunningProcess,
  until: Until,
): Promise<void> {
  const { ready, timeoutMs = 30_000 } = options;
  if (!ready) return;
  if ('log' in ready) await running.waitForLog(ready.log, timeoutMs);
  else await until(() => answersOk(ready.url), `200 from ${ready.url}`, timeoutMs);
}

function describe(owned: OwnedProcess, output: () => string, until: Until): RunningProcess {
  return {
    pid: owned.pid,
    exited: owned.exited,
    isRunning: () => owned.isRunning(),
    output,
    waitForLog: (pattern, timeoutMs = 30_000) =>
      until(() => pattern.test(output()), `output matching ${String(pattern)}`, timeoutMs),
    kill: (signal) => {
      owned.kill(signal);
    },
    stop: (graceMs = 10_000) => owned.end('SIGTERM', graceMs),
  };
}

async function answersOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false;
  }
}
