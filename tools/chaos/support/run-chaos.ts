import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';

const root = dirname(dirname(dirname(dirname(new URL(import.meta.url).pathname))));

/** Runs the rig as `npm run chaos` does and answers what it printed. */
export async function chaos(...args: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [join(root, 'tools', 'isolated.mjs'), 'chaos', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output };
}
