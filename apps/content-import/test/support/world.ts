import type { Identity } from '@hornbook/contracts';
import { createTestDatabase, expectNoLeaks } from '@hornbook/testing';
import { startApp, type TestApp } from '@hornbook/testing/start-app';
import pg from 'pg';
import { contentImport } from '../../src/index.js';

/** An answer of the service. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Empty when the answer is not JSON. */
  readonly body: Record<string, unknown>;
  readonly text: string;
}

/** What a call adds to its path. */
export interface Call {
  readonly method?: string;
  /** An object is sent as JSON, a text as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Who calls; null sends no identity token. Default: an admin with every scope. */
  readonly as?: Partial<Identity> | null;
}

/** The service on a database of its own. */
export interface World extends Pick<
  TestApp<InstanceType<typeof contentImport.config>>,
  'app' | 'database' | 'namespace' | 'log'
> {
  call(path: string, call?: Call): Promise<Answer>;
  /** `POST /api/v1/admin/bulk-import`. */
  post(batch: unknown, call?: Call & { readonly query?: string }): Promise<Answer>;
  /** Rows of a statement run past the service, as the owner of its tables. */
  sql<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  stop(): Promise<void>;
}

/** Starts content-import on the test run's Postgres and RabbitMQ. */
export async function startWorld(): Promise<World> {
  const database = await createTestDatabase({ services: [contentImport.name] });
  const service = await startApp(contentImport, { database });
  const pool = new pg.Pool({ connectionString: database.urlFor(contentImport.name), max: 4 });
  const call = async (
    path: string,
    { method = 'GET', body, headers = {}, as = {} }: Call = {},
  ): Promise<Answer> => {
    const identity = as === null ? {} : await service.identity(as);
    const content = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await fetch(`${service.url}${path}`, {
      method,
      headers: { ...identity, ...content, ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
      text,
    };
  };
  return {
    app: service.app,
    database,
    namespace: service.namespace,
    log: service.log,
    call,
    post: (batch, { query = '', ...rest } = {}) =>
      call(`/api/v1/admin/bulk-import${query}`, { method: 'POST', body: batch, ...rest }),
    sql: async <Row>(text: string, values: readonly unknown[] = []) =>
      (await pool.query(text, [...values])).rows as Row[],
    async stop() {
      await service.stop();
      await pool.end();
      await expectNoLeaks({ databases: [database] });
      await database.drop();
    },
  };
}
