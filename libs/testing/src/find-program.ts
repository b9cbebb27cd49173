import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

// Where package managers put programs that a bare PATH (cron, CI) may lack.
const PREFIXES = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/opt/homebrew/sbin',
  '/opt/homebrew/bin',
  '/opt/local/bin',
];
const POLICY = '/usr/sbin/policy-rc.d';

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Path of a program on the PATH or in the usual prefixes, or undefined. */
export function lookUpProgram(name: string, alsoIn: readonly string[] = []): string | undefined {
  const folders = [...alsoIn, ...(process.env.PATH ?? '').split(delimiter), ...PREFIXES];
  return folders
    .filter(Boolean)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/**
 * Path of a program that a test needs.
 * @throws Error saying which package brings it
 */
export function findProgram(name: string, debianPackage: string): string {
  const found = lookUpProgram(name);
  if (!found) throw new Error(missing(name, debianPackage));
  return found;
}

function missing(name: string, debianPackage: string): string {
  return `The tests need "${name}", which is not on the PATH: install it (Debian, Ubuntu: apt-get install ${debianPackage}).`;
}

/** Whether we may install Debian's packages. */
export function canInstallPackages(): boolean {
  return (
    process.getuid?.() === 0 && existsSync('/etc/debian_version') && lookUpProgram('apt-get') !== undefined
  );
}

/** Path of a program, installed from Debian's package first when it is missing and we may. */
export async function ensureProgram(
  name: string,
  debianPackage: string,
  say: (line: string) => void,
): Promise<string> {
  if (!lookUpProgram(name) && canInstallPackages()) {
    say(`installing the package ${debianPackage} for ${name}`);
    await installPackage(debianPackage);
  }
  return findProgram(name, debianPackage);
}

let installing: Promise<void> = Promise.resolve();

/**
 * Installs one of Debian's packages without starting the service it may bring.
 * @throws Error with the end of apt's output
 */
export function installPackage(debianPackage: string): Promise<void> {
  // apt holds a lock, and the policy file is one for all.
  const next = installing.catch(() => undefined).then(() => aptInstall(debianPackage));
  installing = next;
  return next;
}

async function aptInstall(debianPackage: string): Promise<void> {
  const isPolicyOurs = !existsSync(POLICY);
  // Debian asks this file before it starts a service; 101 forbids it.
  if (isPolicyOurs) await writeFile(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  const options = {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    timeout: 600_000,
    maxBuffer: 64_000_000,
  };
  try {
    // A failing mirror of some other list is no reason to stop; the install itself tells.
    await run('apt-get', ['update', '-q'], options).catch(() => undefined);
    await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', debianPackage], options);
  } catch (error) {
    const output =
      error instanceof Error && 'stderr' in error
        ? String(error.stderr).trim().split('\n').slice(-3).join(' ')
        : '';
    throw new Error(`apt-get could not install ${debianPackage}: ${output}`, { cause: error });
  } finally {
    if (isPolicyOurs) await rm(POLICY, { force: true });
  }
}
