// Runs a tool with a state folder of its own, so that it meets no platform that npm start runs beside it:
//   node tools/isolated.mjs chaos [arguments]
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [tool, ...args] = process.argv.slice(2);
const state = join(root, '.hornbook', `${tool}-${process.pid}`);
mkdirSync(state, { recursive: true });
const child = spawn(
  process.execPath,
  [join(root, 'tools', 'run.mjs'), '--build', join(root, 'tools', tool, 'main.ts'), ...args],
  {
    stdio: 'inherit',
    env: { ...process.env, HORNBOOK_STATE: state },
  },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.once('exit', (code) => process.exit(code ?? 1));
