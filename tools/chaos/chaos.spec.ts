import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';

const root = dirname(dirname(dirname(new URL(import.meta.url).pathname)));

/** Runs the rig as `npm run chaos` does and answers what it printed. */
async function chaos(...args: string[]): Promise<{ code: number | null; output: string }> {
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

describe('2,000 dialogues on their way through the whole platform', () => {
  it('arrive exactly once each although every part is killed in the middle, and with two of everything at work', async () => {
    const { code, output } = await chaos();
    expect(output.match(/0 lost, 0 doubled of 2000/g) ?? output).toHaveLength(6);
    expect(code).toBe(0);
  }, 600_000);
});

describe('cards on their way into the database', () => {
  it('are there exactly once each, rewarded once each, whatever is killed at whatever moment', async () => {
    const { code, output } = await chaos('cards', '--runs', '5', '--seed', '11');
    expect(output.match(/cards, ledger and balance exact {2}/g) ?? output).toHaveLength(5);
    expect(code).toBe(0);
  }, 600_000);
});
