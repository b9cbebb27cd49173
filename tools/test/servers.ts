import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ensureProgram,
  serverFolder,
  startPostgres,
  startRabbitmq,
  startRedis,
  TEST_SERVER_VARIABLES,
} from '@hornbook/testing';
import { root } from '../check/command.ts';

const state = join(root, '.hornbook');

/** The folder of a run in the checkout tells that there was one; its servers may have to keep their data elsewhere. */
function folderOf(pid: number): string {
  return serverFolder(join(state, `test-${String(pid)}`));
}

async function removeFolders(pid: number): Promise<void> {
  for (const folder of [folderOf(pid), join(state, `test-${String(pid)}`)]) {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

interface Stoppable {
  stop(): Promise<void>;
}

type Server = keyof typeof TEST_SERVER_VARIABLES;

/** The servers of one run, in a folder of its own; each is started when first asked for, unless its URL is given. */
export class TestServers {
  readonly folder = folderOf(process.pid);
  private readonly started: Stoppable[] = [];
  private readonly urls = new Map<Server, Promise<string>>();
  private readonly say: (line: string) => void;

  constructor(say: (line: string) => void) {
    this.say = say;
  }

  /** Environment that tells tests where Postgres is. */
  async postgres(): Promise<NodeJS.ProcessEnv> {
    return { [TEST_SERVER_VARIABLES.postgres]: await this.url('postgres') };
  }

  /** Starts all of them, and sees to the programs that tests call. */
  async all(): Promise<NodeJS.ProcessEnv> {
    const servers: Server[] = ['postgres', 'rabbitmq', 'redis'];
    const [urls] = await Promise.all([
      Promise.all(servers.map((server) => this.url(server))),
      ensureProgram('promtool', 'prometheus', this.say),
    ]);
    const environment = servers.map((server, index) => [TEST_SERVER_VARIABLES[server], urls[index]]);
    return { HORNBOOK_TEST_FOLDER: this.folder, ...(Object.fromEntries(environment) as NodeJS.ProcessEnv) };
  }

  /** Stops what was started and removes the folder. */
  async stop(): Promise<void> {
    // One that is still starting must be up before it can be stopped.
    await Promise.allSettled(this.urls.values());
    await Promise.all(this.started.splice(0).map((server) => server.stop()));
    await removeFolders(process.pid);
  }

  private url(server: Server): Promise<string> {
    const known = this.urls.get(server);
    if (known) return known;
    const url = this.given(server) ?? this.start(server);
    this.urls.set(server, url);
    return url;
  }

  private given(server: Server): Promise<string> | undefined {
    const also = server === 'rabbitmq' ? process.env['RABBITMQ_URL'] : undefined;
    const url = process.env[TEST_SERVER_VARIABLES[server]] ?? also;
    if (!url) return undefined;
    this.say(`${server}: as given`);
    return Promise.resolve(url);
  }

  private async start(server: Server): Promise<string> {
    const startedAt = Date.now();
    await removeLeftovers();
    await mkdir(join(state, `test-${String(process.pid)}`), { recursive: true });
    await mkdir(this.folder, { recursive: true, mode: 0o711 });
    const url = await this.launch(server, join(this.folder, server));
    this.say(`${server}: up (${((Date.now() - startedAt) / 1000).toFixed(1)} s)`);
    return url;
  }

  private async launch(server: Server, dataDir: string): Promise<string> {
    if (server === 'postgres') {
      const postgres = await startPostgres({ dataDir });
      this.started.push(postgres);
      return postgres.adminUrl;
    }
    if (server === 'rabbitmq') {
      const rabbitmq = await startRabbitmq({ dataDir, say: this.say });
      this.started.push(rabbitmq);
      return rabbitmq.url;
    }
    await ensureProgram('redis-server', 'redis-server', this.say);
    const redis = await startRedis({ dataDir });
    this.started.push(redis);
    return redis.url;
  }
}

/** Folders of runs that were killed. Their servers ended with them. */
async function removeLeftovers(): Promise<void> {
  if (!existsSync(state)) return;
  for (const name of await readdir(state)) {
    const pid = /^test-(\d+)$/.exec(name)?.[1];
    if (pid && !isAlive(Number(pid))) await removeFolders(Number(pid));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
