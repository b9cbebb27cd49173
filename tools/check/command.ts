import { spawn, type ChildProcess } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The workspace's folder. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** What to run. */
export interface Command {
  /** A script of ours or of a dependency, run by this Node. */
  readonly script: string;
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Whether its output is shown as it comes, instead of being collected. Default false. */
  readonly isShown?: boolean;
}

/** How a command ended, and what it wrote unless that was shown. */
export interface CommandEnd {
  readonly code: number;
  readonly output: string;
}

const running = new Set<ChildProcess>();

/** Script of a program among the dependencies: `dependency('nx/dist/bin/nx.js')`. */
export function dependency(path: string): string {
  return join(root, 'node_modules', path);
}

/** Runs a script in the workspace's folder, without stdin, and waits for its end. */
export async function runCommand({ script, args = [], env, isShown = false }: Command): Promise<CommandEnd> {
  const child = spawn(process.execPath, [script, ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: isShown ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      resolve(status ?? 1);
    });
  });
  running.delete(child);
  return { code, output };
}

/** Ends what `runCommand` is waiting for. */
export function endCommands(): void {
  for (const child of running) child.kill('SIGTERM');
}
