import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import {
  freePort,
  startPostgres,
  startRabbitmq,
  type PostgresServer,
  type RabbitmqServer,
} from '@hornbook/testing';
import { api } from '../start/main-job.ts';
import { startPlatform, type Platform } from '../start/platform.ts';
import { restartService, untilReady, type ServiceProcess } from '../start/service-process.ts';
import { stateFolder } from '../start/paths.ts';

/** What can be killed. */
export const victims = ['exporter', 'content-import', 'gateway', 'broker', 'postgres'] as const;
/** One of them. */
export type Victim = (typeof victims)[number];

/** A whole platform on a private Postgres and RabbitMQ, of which every part can be killed. */
export interface Rig {
  readonly platform: Platform;
  readonly postgres: PostgresServer;
  readonly broker: RabbitmqServer;
  /** kill -9 of one part; resolves when it is gone. */
  kill(victim: Victim): Promise<void>;
  /** Starts the part again. */
  revive(victim: Victim): Promise<void>;
  stop(): Promise<void>;
}

/** Waits and limits short enough that a kill costs seconds; what is proved does not depend on their length. */
const fastRetries = {
  exporter: {
    EXPORT_RETRY_DELAYS_MS: '300,600,1000,2000,4000,8000,8000,8000',
    EXPORT_TIMEOUT_MS: '5000',
    EXPORT_LEASE_MS: '11000',
    EXPORT_CIRCUIT_OPEN_MS: '500',
  },
  'card-bulk': { BULK_LEASE_MS: '2000', BULK_REQUESTS_PER_HOUR: '1000000' },
};

/** Starts the rig in `.hornbook`-like folder of its own. */
export async function startRig(): Promise<Rig> {
  await mkdir(stateFolder, { recursive: true });
  const [postgres, broker] = await Promise.all([
    startPostgres({ dataDir: join(stateFolder, 'postgres'), durable: true }),
    startRabbitmq({ dataDir: join(stateFolder, 'rabbitmq') }),
  ]);
  const platform = await startPlatform({
    port: await freePort(),
    databaseUrl: postgres.adminUrl,
    rabbitmqUrl: broker.url,
    extraEnv: {
      ...fastRetries,
      gateway: { RATE_LIMIT_PER_CALLER: '1000000', RATE_LIMIT_PER_ADDRESS: '1000000' },
    },
    quiet: true,
  });
  const service = (name: string): ServiceProcess => {
    const found = platform.services.find((candidate) => candidate.name === name);
    if (!found) throw new Error(`no service ${name}`);
    return found;
  };
  return {
    platform,
    postgres,
    broker,
    async kill(victim) {
      if (victim === 'postgres') await postgres.kill('SIGKILL');
      else if (victim === 'broker') await broker.kill('SIGKILL');
      else await service(victim).process.end('SIGKILL');
    },
    async revive(victim) {
      if (victim === 'postgres') await postgres.restart();
      else if (victim === 'broker') await broker.restart();
      else {
        await restartService(service(victim));
        await untilReady(service(victim));
      }
    },
    async stop() {
      await platform.stop();
      await Promise.all([postgres.stop(), broker.stop()]);
    },
  };
}

/** `count` different dialogues with titles that begin with `run`. */
export function workload(run: string, count: number): unknown[] {
  const categories = ['travel', 'restaurant', 'general', 'health', 'ielts_part1', 'news'];
  const levels = ['A1', 'A2', 'B1', 'B2', 'C1', 'C2'];
  return Array.from({ length: count }, (_, index) => ({
    external_id: `${run}-${String(index)}`,
    title: `${run} dialogue number ${String(index)}`,
    category: categories[index % categories.length],
    cefr_level: levels[index % levels.length],
    accent: index % 2 === 0 ? 'uk' : 'irish',
    turns: Array.from({ length: 8 }, (_turn, turn) => ({
      text: `Turn ${String(turn + 1)} of ${String(index)}: how far is the old harbour from here?`,
      order: turn + 1,
      speaker: turn % 2 === 0 ? 'A' : 'B',
    })),
  }));
}

/** Submits the workload in requests of 500. @returns how many were new */
export async function submit({ platform }: Rig, dialogues: readonly unknown[]): Promise<number> {
  let accepted = 0;
  for (let from = 0; from < dialogues.length; from += 500) {
    const answer = await api<{ accepted: number }>(platform.info, 'POST', '/api/v1/exports/dialogues', {
      dialogues: dialogues.slice(from, from + 500),
    });
    accepted += answer.accepted;
  }
  return accepted;
}

/** What both sides hold of one run, read from their tables. */
export interface Account {
  readonly submitted: number;
  readonly confirmed: number;
  /** Distinct platform ids that the exporter noted. */
  readonly backfilled: number;
  readonly imported: number;
  readonly distinctTitles: number;
  readonly phrases: number;
  /** Exporter ids that point to a dialog of another title. */
  readonly mismatched: number;
  readonly openFailures: number;
  readonly unsentEvents: number;
}

const ACCOUNT = `
  WITH sent AS (
    SELECT d.title, s.status, s.pronielts_dialog_id AS dialog_id
    FROM exporter.generated_dialogues d JOIN exporter.sync_status s ON s.dialogue_id = d.id
    WHERE d.title LIKE $1 || ' dialogue%'
  ), held AS (SELECT id, title FROM content_import.dialogs WHERE title LIKE $1 || ' dialogue%')
  SELECT (SELECT count(*) FROM sent)::int AS submitted,
    (SELECT count(*) FROM sent WHERE status = 'confirmed')::int AS confirmed,
    (SELECT count(DISTINCT dialog_id) FROM sent)::int AS backfilled,
    (SELECT count(*) FROM held)::int AS imported,
    (SELECT count(DISTINCT title) FROM held)::int AS "distinctTitles",
    (SELECT count(*) FROM content_import.phrases p JOIN held h ON h.id = p.dialog_id)::int AS phrases,
    (SELECT count(*) FROM sent s LEFT JOIN held h ON h.id = s.dialog_id AND h.title = s.title WHERE h.id IS NULL)::int AS mismatched,
    (SELECT count(*) FROM exporter.export_failures WHERE resolved_at IS NULL)::int AS "openFailures",
    (SELECT count(*) FROM content_import.outbox WHERE published_at IS NULL)::int AS "unsentEvents"`;

/** Reads the account of one run; undefined while the database is away. */
export async function account({ postgres }: Rig, run: string): Promise<Account | undefined> {
  const client = new pg.Client({ connectionString: postgres.adminUrl, connectionTimeoutMillis: 2_000 });
  client.on('error', () => {
    // The database may be killed under us: the query says so too.
  });
  try {
    await client.connect();
    const { rows } = await client.query<Account>(ACCOUNT, [run]);
    return rows[0];
  } catch {
    return undefined;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Waits until `reached` holds of the account. @throws Error with the last account after `ms` */
export async function until(
  rig: Rig,
  run: string,
  reached: (state: Account) => boolean,
  ms: number,
): Promise<Account> {
  const deadline = Date.now() + ms;
  for (;;) {
    const state = await account(rig, run);
    if (state && reached(state)) return state;
    if (Date.now() > deadline)
      throw new Error(`not reached within ${String(ms)} ms: ${JSON.stringify(state)}`);
    await sleep(50);
  }
}
