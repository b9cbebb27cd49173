import type { Identity } from '@hornbook/contracts';
import {
  createTestDatabase,
  eventually,
  expectNoLeaks,
  temporaryFolder,
  type TestDatabase,
} from '@hornbook/testing';
import { startApp, type TestApp } from '@hornbook/testing/start-app';
import pg from 'pg';
import { cardBulk } from '../../src/index.js';

/** An answer of the service. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Empty when the answer is not JSON. */
  readonly body: Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any
  readonly text: string;
  readonly bytes: Buffer;
}

/** What a call adds to its path. */
export interface Call {
  readonly method?: string;
  /** An object is sent as JSON; a text or bytes as they are. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Who calls; null sends no identity token. Default: user-1. */
  readonly as?: Partial<Identity> | string | null;
}

/** The service on a database of its own. */
export interface World extends Pick<
  TestApp<InstanceType<typeof cardBulk.config>>,
  'app' | 'namespace' | 'log' | 'url' | 'identity'
> {
  readonly database: TestDatabase;
  call(path: string, call?: Call): Promise<Answer>;
  post(path: string, body: unknown, call?: Call): Promise<Answer>;
  /** `POST /bulk/import`, waited for to its end. @returns the status */
  import(cards: readonly unknown[], options?: Record<string, unknown>, call?: Call): Promise<Answer>;
  /** The status of a task once it has ended. */
  finished(taskId: unknown, call?: Call): Promise<Answer>;
  /** Rows of a statement run past the service, as the owner of its tables. */
  sql<Row = Record<string, any>>(text: string, values?: readonly unknown[]): Promise<Row[]>; // eslint-disable-line @typescript-eslint/no-explicit-any
  /** Fails when any owner's balance is not the sum of the ledger, or a card was rewarded twice or wrongly. */
  expectExactLedger(): Promise<void>;
  stop(): Promise<void>;
}

/** How a world differs from the usual one. */
export interface WorldOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** A database that is there already, shared with another world; dropped by the one that made it. */
  readonly database?: TestDatabase;
  readonly namespace?: string;
}

/** Starts card-bulk on the test run's Postgres and RabbitMQ. */
export async function startWorld({
  env = {},
  database: given,
  namespace,
}: WorldOptions = {}): Promise<World> {
  const database = given ?? (await createTestDatabase({ services: [cardBulk.name] }));
  const folder = await temporaryFolder('card-bulk-files');
  const service = await startApp(cardBulk, {
    database,
    ...(namespace === undefined ? {} : { namespace }),
    env: { LINK_SECRET: 'test-link-secret-0123456789abcdef', FILE_STORE_FOLDER: folder.path, ...env },
  });
  const pool = new pg.Pool({ connectionString: database.urlFor(cardBulk.name), max: 4 });
  const call = async (
    path: string,
    { method = 'GET', body, headers = {}, as = {} }: Call = {},
  ): Promise<Answer> => {
    const caller = typeof as === 'string' ? { sub: as, owner: as, roles: ['curator' as const] } : as;
    const identity = caller === null ? {} : await service.identity({ roles: ['curator'], ...caller });
    const isRaw = typeof body === 'string' || Buffer.isBuffer(body) || body instanceof ReadableStream;
    const content = body === undefined || isRaw ? {} : { 'content-type': 'application/json' };
    const response = await fetch(`${service.url}${path}`, {
      method,
      headers: { ...identity, ...content, ...headers },
      ...(body === undefined
        ? {}
        : { body: (isRaw ? body : JSON.stringify(body)) as string, duplex: 'half' }),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const text = bytes.toString();
    const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      body: isJson && text !== '' ? (JSON.parse(text) as Record<string, unknown>) : {},
      text,
      bytes,
    };
  };
  const sql = async <Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> =>
    (await pool.query(text, [...values])).rows as Row[];
  const finished = (taskId: unknown, as: Call = {}): Promise<Answer> =>
    eventually(
      async () => {
        const answer = await call(`/bulk/status/${String(taskId)}?wait=20`, as);
        if (answer.status !== 200) throw new Error(answer.text);
        return ['SUCCESS', 'FAILURE', 'REVOKED'].includes(String(answer.body['status'])) && answer;
      },
      { timeoutMs: 60_000, description: `task ${String(taskId)} to end` },
    );
  return {
    app: service.app,
    url: service.url,
    identity: service.identity,
    namespace: service.namespace,
    log: service.log,
    database,
    call,
    sql,
    finished,
    post: (path, body, rest = {}) => call(path, { method: 'POST', body, ...rest }),
    async import(cards, options = {}, rest = {}) {
      const accepted = await call('/bulk/import', { method: 'POST', body: { cards, ...options }, ...rest });
      if (accepted.status !== 202) throw new Error(`${accepted.status} ${accepted.text.slice(0, 2000)}`);
      return finished(String(accepted.body['task_id']), rest);
    },
    async expectExactLedger() {
      const wrong = await sql(`
        SELECT owner, balance, earned FROM extropy_balances
        FULL JOIN (SELECT to_user AS owner, sum(amount) AS earned FROM extropy_ledger GROUP BY to_user) AS ledger USING (owner)
        WHERE balance IS DISTINCT FROM earned`);
      const steps = await sql(`
        SELECT * FROM (SELECT id, to_user, to_balance_after,
          sum(amount) OVER (PARTITION BY to_user ORDER BY id) AS running FROM extropy_ledger) AS entry
        WHERE to_balance_after <> running`);
      const unrewarded = await sql(
        `SELECT id FROM cards WHERE is_published AND NOT EXISTS (SELECT FROM extropy_ledger WHERE card_id = cards.id)`,
      );
      expect({ wrong, steps, unrewarded }).toEqual({ wrong: [], steps: [], unrewarded: [] });
    },
    async stop() {
      await service.stop();
      await pool.end();
      await folder.remove();
      if (given) return;
      await expectNoLeaks({ databases: [database] });
      await database.drop();
    },
  };
}
