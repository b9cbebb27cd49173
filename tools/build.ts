import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The workspace does not compile; the message is the compiler's output. */
export class BuildError extends Error {}

/**
 * Compiles every library and app into its `dist` with TypeScript 7: what has not changed is skipped.
 * @throws BuildError
 */
export async function build(): Promise<void> {
  const compiler = join(root, 'node_modules', 'tsgo', 'bin', 'tsc');
  const child = spawn(process.execPath, [compiler, '-b', '--pretty', 'false'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new BuildError(output.trim() || `The compiler ended with code ${String(code)}`);
}

if (import.meta.main) {
  try {
    await build();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\nThe build failed.\n`);
    process.exitCode = 1;
  }
}
