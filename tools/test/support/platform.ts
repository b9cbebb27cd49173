import { randomBytes } from 'node:crypto';
import { assignment } from '@hornbook/assignment';
import { contentImport } from '@hornbook/content-import';
import type { Role } from '@hornbook/contracts';
import { exporter } from '@hornbook/exporter';
import { Outbox } from '@hornbook/messaging';
import { createTestDatabase, eventually, expectNoLeaks } from '@hornbook/testing';
import { startApp } from '@hornbook/testing/start-app';
import pg from 'pg';
import { token } from '../../../apps/gateway/test/support/tokens.js';
import { balance, callerHeaders, openGateway, publicKeys } from './gateway.ts';

/** A parsed answer body; tests know what they look at. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Body = any;

/** An answer through the gateway. */
export interface Answer<Result = Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Result;
}

/** Who calls. */
export interface Caller {
  readonly sub: string;
  readonly roles: readonly Role[];
}

/** What a call adds to its path. */
export interface Call {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Services whose tables a test may look into. */
type ServiceName = 'exporter' | 'assignment' | 'content-import';

/** Exporter and assignment in two copies each, content-import, and two gateways, all on one database and one broker. */
export interface Platform {
  /** Calls the gateway. */
  call<Result = Body>(caller: Caller, path: string, call?: Call): Promise<Answer<Result>>;
  /** Rows of a statement run past a service, as the owner of its tables. */
  sql<Row = Record<string, Body>>(
    service: ServiceName,
    text: string,
    values?: readonly unknown[],
  ): Promise<Row[]>;
  /** Sends every event again that the services ever wrote, as an operator may. */
  resendEverything(): Promise<void>;
  /** Waits until every event that was written has been sent and had its effect wherever it is consumed. */
  quiet(): Promise<void>;
  stop(): Promise<void>;
}

/** Short waits, so that tests wait for what happens; the schedule never strikes, `POST /api/v1/exports` does. */
const exporterTimes = {
  EXPORT_POLL_MS: '20',
  EXPORT_SCHEDULE_SECONDS: '3600',
  EXPORT_RETRY_DELAYS_MS: '50,100,200',
};

/** Starts the platform on the test run's Postgres and RabbitMQ. */
export async function startPlatform(): Promise<Platform> {
  const database = await createTestDatabase({
    services: ['gateway', 'content-import', 'exporter', 'assignment'],
  });
  const shared = { database, namespace: `platform-${randomBytes(4).toString('hex')}` };
  const env = { IDENTITY_PUBLIC_KEYS: publicKeys, LOG_LEVEL: 'warn', MESSAGING_RETRY_DELAYS_MS: '50,100' };
  const imports = await startApp(contentImport, { ...shared, env });
  const assignments = [
    await startApp(assignment, { ...shared, env }),
    await startApp(assignment, { ...shared, env }),
  ] as const;
  // The exporter is a client of the platform like any other. Its door is a gateway that was there before it.
  const door = await openGateway(database, { CONTENT_IMPORT_URL: imports.url });
  const exporterEnv = {
    ...env,
    ...exporterTimes,
    PRONIELTS_API_URL: door.url,
    PRONIELTS_API_TOKEN: await token({ sub: 'exporter' }),
  };
  const exporters = [
    await startApp(exporter, { ...shared, env: exporterEnv }),
    await startApp(exporter, { ...shared, env: exporterEnv }),
  ] as const;
  const balancers = [await balance(assignments.map(urlOf)), await balance(exporters.map(urlOf))] as const;
  const gateway = await openGateway(database, {
    CONTENT_IMPORT_URL: imports.url,
    ASSIGNMENT_URL: balancers[0].url,
    EXPORTER_URL: balancers[1].url,
  });
  const poolOf = (service: ServiceName): pg.Pool =>
    new pg.Pool({ connectionString: database.urlFor(service), max: 2 });
  const pools = {
    'content-import': poolOf('content-import'),
    assignment: poolOf('assignment'),
    exporter: poolOf('exporter'),
  };
  const sql: Platform['sql'] = async <Row>(
    service: ServiceName,
    text: string,
    values: readonly unknown[] = [],
  ) => (await pools[service].query(text, [...values])).rows as Row[];
  const outboxes = [imports, assignments[0], exporters[0]].map(({ app }) => app.get(Outbox));
  return {
    sql,
    call: (caller, path, call) => send(gateway.url, caller, path, call),
    async resendEverything() {
      for (const outbox of outboxes) await outbox.resend(new Date(0));
    },
    quiet: () => quiet(sql),
    async stop() {
      await gateway.stop();
      for (const service of [...exporters, ...assignments, imports]) await service.stop();
      await door.stop();
      for (const balancer of balancers) await balancer.close();
      for (const pool of Object.values(pools)) await pool.end();
      await expectNoLeaks({ databases: [database] });
      await database.drop();
    },
  };
}

function urlOf({ url }: { readonly url: string }): string {
  return url;
}

async function send<Result>(
  gateway: string,
  caller: Caller,
  path: string,
  { body, method = body === undefined ? 'GET' : 'POST', headers = {} }: Call = {},
): Promise<Answer<Result>> {
  const response = await fetch(`${gateway}${path}`, {
    method,
    headers: {
      ...callerHeaders({ ...caller, roles: [...caller.roles] }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Result };
}

/** Who consumes which event of the review, by the owner of the event. */
const consumers = [
  ['exporter', 'dialogue.review.requested.v1', 'assignment', 'open-review-when-dialogue-review-is-requested'],
  ['assignment', 'ground-truth.approved.v1', 'exporter', 'release-dialogue-when-review-is-approved'],
  ['assignment', 'ground-truth.deleted.v1', 'exporter', 'withdraw-dialogue-when-review-is-deleted'],
  ['assignment', 'ground-truth.reopened.v1', 'exporter', 'hold-dialogue-when-review-is-reopened'],
] as const;

async function quiet(sql: Platform['sql']): Promise<void> {
  await eventually(
    async () => {
      for (const [from, event, to, consumer] of consumers) {
        const sent = await sql<{ id: string; sent: boolean }>(
          from,
          'SELECT id, published_at IS NOT NULL AS sent FROM outbox WHERE event = $1',
          [event],
        );
        if (!sent.every((row) => row.sent)) throw new Error(`${event} is not sent yet`);
        const heard = await sql(to, 'SELECT FROM inbox WHERE consumer = $1', [consumer]);
        if (heard.length !== sent.length)
          throw new Error(`${consumer} has heard ${heard.length} of ${sent.length}`);
      }
    },
    { description: 'all news of reviews to be heard', timeoutMs: 60_000 },
  );
}
