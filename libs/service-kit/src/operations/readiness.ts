import { isMigrated, type Database } from '@hornbook/database';
import type { MessageTransport } from '@hornbook/messaging';
import type { Shutdown } from './shutdown.js';

/** State of one thing a service needs. */
export interface Check {
  readonly status: 'ok' | 'failed';
  readonly detail: string;
}

/** Answer of `/health/ready`. */
export interface ReadinessReport {
  readonly status: 'ok' | 'failed' | 'stopping';
  readonly service: string;
  readonly version: string;
  readonly checks: Readonly<Record<string, Check>>;
}

/** Looks at everything the service needs. */
export type Readiness = () => Promise<ReadinessReport>;
/** Token of `Readiness`. */
export const READINESS = Symbol('readiness');

/** Longest time one check may take, milliseconds. */
const CHECK_MS = 2_000;

async function check(look: () => Promise<Check>): Promise<Check> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Check>((resolve) => {
    timer = setTimeout(resolve, CHECK_MS, {
      status: 'failed',
      detail: `no answer within ${String(CHECK_MS)} ms`,
    });
  });
  try {
    return await Promise.race([look(), late]);
  } catch {
    // The reason may hold host names; it is in the log of whoever failed.
    return { status: 'failed', detail: 'not reachable' };
  } finally {
    clearTimeout(timer);
  }
}

interface Needs {
  readonly service: string;
  readonly version: string;
  readonly shutdown: Shutdown;
  readonly database?: Database;
  readonly transport?: MessageTransport;
}

/** Readiness of a service: database, migrations, broker, and not on its way out. */
export function createReadiness({ service, version, shutdown, database, transport }: Needs): Readiness {
  const looks = {
    ...(database ? looksAt(database) : {}),
    ...(transport ? { broker: () => brokerOf(transport) } : {}),
  };
  return async () => {
    // Side by side: a probe waits for the slowest, not for the sum.
    const results = await Promise.all(
      Object.entries(looks).map(async ([name, look]) => [name, await check(look)] as const),
    );
    const failed = results.some(([, { status }]) => status === 'failed');
    const status = shutdown.begun ? 'stopping' : failed ? 'failed' : 'ok';
    return { status, service, version, checks: Object.fromEntries(results) };
  };
}

function looksAt(database: Database): Record<'database' | 'migrations', () => Promise<Check>> {
  // Migrations only ever go forward while a process lives: once seen done, not asked again.
  let migrated = false;
  return {
    async database() {
      await database.query('SELECT 1');
      return { status: 'ok', detail: 'connected' };
    },
    async migrations() {
      migrated ||= await isMigrated(database.dataSource);
      return migrated ? { status: 'ok', detail: 'up to date' } : { status: 'failed', detail: 'pending' };
    },
  };
}

async function brokerOf(transport: MessageTransport): Promise<Check> {
  const { ok, detail } = await transport.health();
  return { status: ok ? 'ok' : 'failed', detail };
}
