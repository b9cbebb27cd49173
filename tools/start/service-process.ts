import { existsSync } from 'node:fs';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startOwnedProcess, type OwnedProcess } from '@hornbook/testing';
import { root, stateFolder } from './paths.ts';
import { StartError } from './printing.ts';

/** How one service is started. */
export interface ServicePlan {
  /** Folder in `apps/`. */
  readonly name: string;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
  /** Name in logs and messages where a service runs more than once. Default: `name`. */
  readonly label?: string;
}

/** A service as a process of its own. */
export interface ServiceProcess {
  readonly name: string;
  readonly url: string;
  readonly logFile: string;
  /** The process that runs now; another one after `restartService`. */
  process: OwnedProcess;
  readonly plan: ServicePlan;
}

/** Longest time a service may take until it is ready. */
const READY_MS = 60_000;
/** Young-generation limit per service, MiB: saves an idle service some 30 MB at no measurable cost. */
const SEMI_SPACE_MB = 4;
/** Those whose chunks would outlive so small a one, and be looked through again and again. */
const LARGER_SEMI_SPACE_MB: Readonly<Record<string, number>> = { 'card-bulk': 8 };

/*
 * glibc's pools for memory outside of V8's heap: by default each thread gets one and keeps what it once took (measured:
 * one pool saves 2–4 MB of an idle service).
 */
const MALLOC_POOLS = '1';

/** Starts a service; its log goes to `.hornbook/logs/<name>.log`. Not ready yet: see `untilReady`. */
export async function startService(plan: ServicePlan): Promise<ServiceProcess> {
  const logs = join(stateFolder, 'logs');
  await mkdir(logs, { recursive: true });
  const logFile = join(logs, `${plan.label ?? plan.name}.log`);
  return {
    name: plan.label ?? plan.name,
    url: `http://127.0.0.1:${String(plan.port)}`,
    logFile,
    plan,
    process: await launch(plan, logFile, 'w'),
  };
}

/** Starts the service again on the same port, after its process has ended however it did. */
export async function restartService(service: ServiceProcess): Promise<void> {
  service.process = await launch(service.plan, service.logFile, 'a');
}

async function launch(
  { name, port, env }: ServicePlan,
  logFile: string,
  mode: 'w' | 'a',
): Promise<OwnedProcess> {
  const log = await open(logFile, mode);
  const owned = await startOwnedProcess({
    command: process.execPath,
    args: [
      `--max-semi-space-size=${String(LARGER_SEMI_SPACE_MB[name] ?? SEMI_SPACE_MB)}`,
      join(root, 'apps', name, 'dist', 'main.js'),
    ],
    cwd: root,
    env: {
      PATH: process.env['PATH'],
      TZ: 'UTC',
      MALLOC_ARENA_MAX: MALLOC_POOLS,
      PORT: String(port),
      ...env,
    },
    stdio: ['ignore', log.fd, log.fd],
    lastSignal: 'KILL',
  });
  await log.close();
  return owned;
}

/** Resolves when the service answers 200 on `/health/ready`. @throws StartError when it ends or is late */
export async function untilReady(service: ServiceProcess): Promise<void> {
  const deadline = Date.now() + READY_MS;
  let last = 'no answer';
  while (Date.now() < deadline) {
    if (!service.process.isRunning())
      throw new StartError(`${service.name} ended while starting: ${await lastLine(service.logFile)}`);
    try {
      const response = await fetch(`${service.url}/health/ready`, { signal: AbortSignal.timeout(3_000) });
      last = await response.text();
      if (response.ok) return;
    } catch {
      // Not listening yet.
    }
    await sleep(50);
  }
  throw new StartError(
    `${service.name} was not ready within ${String(READY_MS / 1000)} s (${last.slice(0, 200)}); see ${service.logFile}`,
  );
}

async function lastLine(logFile: string): Promise<string> {
  const lines = existsSync(logFile) ? (await readFile(logFile, 'utf8')).trim().split('\n') : [];
  return `${lines.slice(-4).join(' | ').slice(0, 600) || 'it said nothing'} (log: ${logFile})`;
}
