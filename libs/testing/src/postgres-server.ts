import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { chown, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startOwnedProcess, type OwnedProcess } from './owned-process.js';
import { freePort } from './ports.js';
import {
  findPostgresBinaries,
  postgresUser,
  reachableFolder,
  requireOwn,
  type PostgresBinaries,
  type SystemUser,
} from './postgres-binaries.js';

/** Where and how to run a private Postgres server. */
export interface PostgresOptions {
  /** The server's own folder; a cluster already in it is started again with its data. */
  readonly dataDir: string;
  /** Default: a free one. */
  readonly port?: number;
  /**
   * Whether data survive a failure of the machine. Default false: no fsync, which makes tests several times faster.
   * A kill of the server loses nothing committed either way.
   */
  readonly durable?: boolean;
}

/** A private Postgres server on the loopback interface. */
export interface PostgresServer {
  /** `postgres://` URL of the superuser and the database `postgres`; the password is random and kept with the data. */
  readonly adminUrl: string;
  readonly port: number;
  /** Process id of the running server, of the last one when stopped. */
  readonly pid: number;
  /** Signals the server and waits for its end; SIGKILL ends all its processes, as a failing machine would. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and data, after a fast shutdown when it still runs. */
  restart(): Promise<void>;
  /** Fast shutdown: open transactions are rolled back. The data stay. */
  stop(): Promise<void>;
}

const ADMIN = 'postgres';
const START_TIMEOUT_MS = 60_000;
const MOST_SHARED_BUFFERS_MB = 2_048;

interface Cluster {
  readonly folder: string;
  readonly port: number;
  readonly adminUrl: string;
  readonly settings: readonly string[];
  readonly user: SystemUser | undefined;
  readonly binaries: PostgresBinaries;
}

/** Starts a private Postgres server; works as root and as an ordinary user. */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const cluster = await prepare(options);
  let server = await launch(cluster);
  const stop = async (): Promise<void> => {
    await server.end('SIGINT', 15_000);
  };
  return {
    adminUrl: cluster.adminUrl,
    port: cluster.port,
    get pid() {
      return server.pid;
    },
    async kill(signal) {
      const children = signal === 'SIGKILL' ? childrenOf(server.pid) : [];
      server.kill(signal);
      for (const child of children) killIfAlive(child);
      await server.exited;
    },
    async restart() {
      if (server.isRunning()) await stop();
      server = await launch(cluster);
    },
    stop,
  };
}

async function prepare({ dataDir, port, durable = false }: PostgresOptions): Promise<Cluster> {
  const user = postgresUser();
  const folder = reachableFolder(dataDir, user);
  const binaries = await findPostgresBinaries(user);
  await mkdir(folder, { recursive: true });
  await requireOwn(folder, user);
  if (user) await chown(folder, user.uid, user.gid);
  const password = await initialise(folder, binaries, user);
  const chosenPort = port ?? (await freePort());
  return {
    folder,
    port: chosenPort,
    adminUrl: `postgres://${ADMIN}:${password}@127.0.0.1:${chosenPort}/postgres`,
    settings: settingsFor(durable),
    user,
    binaries,
  };
}

function settingsFor(durable: boolean): string[] {
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=200',
    'timezone=UTC',
  ];
  // Only what guards against the machine's failure goes: synchronous_commit=off would lose commits when the process
  // is killed, and tests kill it.
  if (!durable) return [...settings, 'fsync=off', 'full_page_writes=off'];
  // As a production server would have it (docs/operations.md). The first change of a page after a checkpoint writes the
  // whole page to the log: with the default of a checkpoint a gigabyte, busy tables write little else. Segments of the
  // log that are used again need not be made while everybody waits.
  return [
    ...settings,
    `shared_buffers=${String(sharedBuffers())}MB`,
    'min_wal_size=4GB',
    'max_wal_size=8GB',
    'checkpoint_timeout=15min',
    'random_page_cost=1.1',
    'jit=off',
  ];
}

/** A quarter of the memory that this process may use, in megabytes; no more than the data of a bench need. */
function sharedBuffers(): number {
  const limit = process.constrainedMemory();
  const memory = limit > 0 ? Math.min(totalmem(), limit) : totalmem();
  return Math.min(Math.floor(memory / 4 / 2 ** 20), MOST_SHARED_BUFFERS_MB);
}

/** Makes the cluster on first use. The password stands beside the cluster, readable by the owner alone. */
async function initialise(
  folder: string,
  { initdb }: PostgresBinaries,
  user: SystemUser | undefined,
): Promise<string> {
  const passwordFile = join(folder, 'password');
  const cluster = join(folder, 'cluster');
  const isComplete = join(folder, 'initialised');
  if (existsSync(isComplete)) return (await readFile(passwordFile, 'utf8')).trim();
  // What an interrupted initdb left is of no use.
  await rm(cluster, { recursive: true, force: true });
  const password = randomBytes(18).toString('hex');
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  if (user) await chown(passwordFile, user.uid, user.gid);
  await runInitdb(
    initdb,
    ['-D', cluster, '-U', ADMIN, '-A', 'scram-sha-256', `--pwfile=${passwordFile}`],
    user,
  );
  await writeFile(isComplete, '');
  return password;
}

async function runInitdb(
  initdb: string,
  args: readonly string[],
  user: SystemUser | undefined,
): Promise<void> {
  // One collation everywhere, the fastest; but "C" alone would take curly quotes for letters and know no "É" beside "é",
  // so that a search misses them. --no-sync because a cluster that is lost in its first second is simply made again.
  const child = spawn(initdb, [...args, '--encoding=UTF8', '--locale=C', '--lc-ctype=C.UTF-8', '--no-sync'], {
    cwd: '/',
    ...user,
    env: { ...process.env, LC_ALL: 'C' },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`initdb failed (code ${code ?? 'none'}):\n${output}`));
    });
  });
}

async function launch(cluster: Cluster): Promise<OwnedProcess> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const server = await startServer(cluster);
    if (await isUp(server, cluster, deadline)) return server;
    // A backend of the killed server may hold its shared memory for a moment longer.
    const isStale = /pre-existing shared memory|another server might be running/.test(
      lastLog(cluster.folder),
    );
    if (!isStale || Date.now() > deadline) {
      await server.end('SIGKILL');
      throw new Error(`Postgres did not start. The end of its log:\n${lastLog(cluster.folder)}`);
    }
    await sleep(200);
  }
}

async function startServer({ folder, port, settings, user, binaries }: Cluster): Promise<OwnedProcess> {
  // A file instead of a pipe: the log outlives us, and nothing stands still when nobody reads.
  const log = await open(join(folder, 'server.log'), 'w');
  try {
    return await startOwnedProcess({
      command: binaries.postgres,
      args: [
        '-D',
        join(folder, 'cluster'),
        '-p',
        String(port),
        ...settings.flatMap((setting) => ['-c', setting]),
      ],
      cwd: '/',
      env: { ...process.env, LC_ALL: 'C' },
      stdio: ['ignore', log.fd, log.fd],
      runAs: user,
      lastSignal: 'QUIT',
    });
  } finally {
    await log.close();
  }
}

async function isUp(server: OwnedProcess, cluster: Cluster, deadline: number): Promise<boolean> {
  while (server.isRunning() && Date.now() < deadline) {
    const client = new pg.Client({ connectionString: cluster.adminUrl, connectionTimeoutMillis: 2000 });
    client.on('error', () => {
      // The server went away again; the loop sees it.
    });
    try {
      await client.connect();
      return true;
    } catch {
      await sleep(50);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
  return false;
}

function lastLog(folder: string): string {
  return readFileSync(join(folder, 'server.log'), 'utf8').split('\n').slice(-15).join('\n');
}

function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const pairs = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  return pairs.flatMap(([child, parent]) => (child !== undefined && parent === pid ? [child] : []));
}

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It followed its server by itself.
  }
}
