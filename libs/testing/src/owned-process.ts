import { Socket } from 'node:net';
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What to start. */
export interface OwnedProcessOptions {
  readonly command: string;
  readonly args?: readonly string[];
  readonly cwd?: string;
  /** The whole environment of the process. Default: ours. */
  readonly env?: NodeJS.ProcessEnv;
  readonly stdio?: StdioOptions;
  /** Run as this user and group; needs root. */
  readonly runAs?: { readonly uid: number; readonly gid: number };
  /** What it gets when we die without having stopped it. Default `KILL`; a plain name as `kill -s` takes it. */
  readonly lastSignal?: 'KILL' | 'QUIT';
}

/** A child process that cannot outlive us. */
export interface OwnedProcess {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly exited: Promise<ProcessEnd>;
  isRunning(): boolean;
  /** Signals the process by its id; does nothing once it has ended. */
  kill(signal: NodeJS.Signals): void;
  /** Sends `signal`, and SIGKILL when it has not ended in time. */
  end(signal: NodeJS.Signals, graceMs?: number): Promise<ProcessEnd>;
}

interface Registered {
  readonly process: OwnedProcess;
  readonly command: string;
}

const running = new Map<number, Registered>();

/** The processes started here that still run: `pid command`. */
export function liveOwnProcesses(): string[] {
  return [...running].map(([pid, { command }]) => `${pid} ${command}`);
}

/** Ends all processes started here, at once. */
export async function endOwnProcesses(): Promise<void> {
  await Promise.all([...running.values()].map(({ process }) => process.end('SIGKILL')));
}

/**
 * Starts a process in a process group of its own (Ctrl-C reaches us, and we decide what it gets) beside a reaper which ends
 * it when we are gone, however we went: the reaper waits on a pipe that only we hold open.
 * @throws Error when the command cannot be started
 */
export async function startOwnedProcess(options: OwnedProcessOptions): Promise<OwnedProcess> {
  const child = spawn(options.command, [...(options.args ?? [])], {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: options.stdio ?? ['ignore', 'ignore', 'ignore'],
    detached: true,
    ...options.runAs,
  });
  const exited = new Promise<ProcessEnd>((resolve) => {
    child.once('exit', (code, signal) => {
      resolve({ code, signal });
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => {
      reject(new Error(`Could not start ${options.command}: ${error.message}`, { cause: error }));
    });
  });
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${options.command} has no process id`);
  const owned = describe(child, pid, exited);
  running.set(pid, { process: owned, command: [options.command, ...(options.args ?? [])].join(' ') });
  const reaper = startReaper(pid, options.lastSignal ?? 'KILL');
  void exited.then(() => {
    running.delete(pid);
    reaper.kill('SIGKILL');
  });
  return owned;
}

function describe(child: ChildProcess, pid: number, exited: Promise<ProcessEnd>): OwnedProcess {
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  const kill = (signal: NodeJS.Signals): void => {
    if (isRunning()) child.kill(signal);
  };
  return {
    pid,
    child,
    exited,
    isRunning,
    kill,
    async end(signal, graceMs = 10_000) {
      kill(signal);
      const timer = setTimeout(() => {
        kill('SIGKILL');
      }, graceMs);
      try {
        return await exited;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** Ours to kill as soon as the process has ended by itself, so that it never meets a process id used again. */
function startReaper(pid: number, signal: string): ChildProcess {
  const reaper = spawn('/bin/sh', ['-c', `cat >/dev/null; kill -s ${signal} ${pid}`], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  reaper.on('error', () => {
    // No shell: the process is then ended by its owner alone.
  });
  reaper.unref();
  const { stdin } = reaper;
  stdin.on('error', () => {
    // The reaper was killed because its process ended.
  });
  // A pipe to a child is a socket, and must not keep us alive either.
  if (stdin instanceof Socket) stdin.unref();
  return reaper;
}
