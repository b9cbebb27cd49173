// Plain JavaScript for whatever Node the machine has: it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const lockfile = join(root, 'package-lock.json');
const stamp = join(modules, '.hornbook-installed');

const minimumNode = 20;

function lockfileHash() {
  return createHash('sha256').update(readFileSync(lockfile)).digest('hex');
}

function readJson(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

/** Why an installation is needed; undefined when what is installed is what the lockfile says. */
function reasonToInstall() {
  if (!existsSync(modules)) return 'node_modules is missing';
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lockfileHash()) return undefined;
  // npm writes this file at the end of an installation, "npm install" too; an interrupted one leaves none.
  const installed = readJson(join(modules, '.package-lock.json'))?.packages;
  if (!installed) return 'the last installation was not finished';
  const wanted = readJson(lockfile).packages;
  const isOther = ([path, entry]) => {
    if (!path.startsWith('node_modules/') || entry.optional || entry.peer) return false;
    return installed[path]?.version !== entry.version || installed[path]?.integrity !== entry.integrity;
  };
  if (Object.entries(wanted).some(isOther)) return 'package-lock.json is newer than node_modules';
  return undefined;
}

function fail(line) {
  process.stderr.write(`${line}\n`);
  process.exit(1);
}

function install(reason) {
  process.stdout.write(`Installing dependencies with npm ci (${reason}) …\n`);
  // npm runs this script as a rule and says where it is; else the one on the PATH.
  const npmScript = process.env.npm_execpath;
  const [command, first] = npmScript?.endsWith('npm-cli.js') ? [process.execPath, [npmScript]] : ['npm', []];
  const options = { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 64_000_000 };
  const { status, error, stdout, stderr } = spawnSync(
    command,
    [...first, 'ci', '--no-fund', '--no-audit'],
    options,
  );
  if (status === 0) return;
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`);
  fail(
    `Installing dependencies failed: ${error ? error.message : `npm ci ended with code ${status}`} (see above).`,
  );
}

/** Installs the dependencies when they are missing, half installed or older than package-lock.json. Ends the process when that fails. */
export function ensureInstalled() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < minimumNode)
    fail(`Node ${minimumNode} or newer is needed to install Hornbook; this is ${process.version}.`);
  const reason = reasonToInstall();
  if (reason) install(reason);
  if (!nodeOfDependencies())
    fail(
      'Installing dependencies failed: node_modules has no Node of its own (were install scripts switched off?).',
    );
  const hash = lockfileHash();
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== hash) {
    mkdirSync(modules, { recursive: true });
    writeFileSync(stamp, hash);
  }
}

/** Path of the Node 24 that comes with the dependencies, or undefined. */
export function nodeOfDependencies() {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  return [join(modules, 'node', 'bin', name), join(modules, '.bin', name)].find((path) => existsSync(path));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) ensureInstalled();
