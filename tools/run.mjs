// Runs one of the TypeScript tools on Node 24, installing the dependencies first:
//   node tools/run.mjs [--build] tools/<tool>.ts [arguments]
// With --build the workspace is compiled before, for tools that import it.
// Plain JavaScript for whatever Node the machine has.
import { spawn, spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureInstalled, nodeOfDependencies } from './ensure-installed.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [first, ...rest] = process.argv.slice(2);
const [tool, ...args] = first === '--build' ? rest : [first, ...rest];
if (!tool) {
  process.stderr.write('Usage: node tools/run.mjs [--build] tools/<tool>.ts [arguments]\n');
  process.exit(1);
}

ensureInstalled();
const node = nodeOfDependencies();
// Whatever the tool starts by name (node, nx, jest) is ours as well.
const env = {
  ...process.env,
  PATH: [dirname(node), join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter),
};

if (first === '--build') {
  const { status } = spawnSync(node, [join(root, 'tools', 'build.ts')], { stdio: 'inherit', env });
  if (status !== 0) process.exit(status ?? 1);
}

const child = spawn(node, [tool, ...args], { stdio: 'inherit', env });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  // Ctrl-C reaches the tool twice, from the terminal and from here: it takes the first.
  process.on(signal, () => child.kill(signal));
}
child.once('error', (error) => {
  process.stderr.write(`${tool} could not be started: ${error.message}\n`);
  process.exit(1);
});
child.once('exit', (code, signal) => {
  process.exit(code ?? 128 + (constants.signals[signal] ?? 0));
});
