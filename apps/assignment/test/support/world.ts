import type { Identity } from '@hornbook/contracts';
import { createTestDatabase, expectNoLeaks, type TestDatabase } from '@hornbook/testing';
import { startApp, type TestApp } from '@hornbook/testing/start-app';
import pg from 'pg';
import { assignment } from '../../src/index.js';

/** A parsed answer body; tests know what they look at. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Body = any;

/** An answer of the service. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Undefined when the answer is not JSON. */
  readonly body: Body;
  readonly text: string;
}

/** What a call adds to its path. */
export interface Call {
  readonly method?: string;
  /** An object is sent as JSON, a text as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Who calls: a user, who is a reviewer; or an identity, an admin unless it says otherwise; null for nobody. */
  readonly as?: string | Partial<Identity> | null;
  /** Which copy of the service. Default: the first. */
  readonly replica?: number;
}

/** An item as `/v1/assignments/my` lists it. */
export interface Row {
  readonly id: string;
  readonly dataset: string;
  readonly bucket: string;
  readonly status: string;
  readonly etag: string;
  readonly assignedAt: string;
  readonly assignedTo: string;
  readonly leaseExpiresAt: string | null;
  readonly version: number;
}

/** Something in front of the service that all calls go through: a gateway. */
export interface Door {
  readonly url: string;
  /** Headers by which it knows the caller. */
  headersOf(as: Partial<Identity>): Record<string, string>;
  stop(): Promise<void>;
}

type App = TestApp<InstanceType<typeof assignment.config>>;

/** The service, in one copy or several, on a database of its own. */
export interface World {
  readonly database: TestDatabase;
  readonly namespace: string;
  readonly services: readonly App[];
  call(path: string, call?: Call): Promise<Answer>;
  /** `POST /v1/ground-truths`. */
  importItems(items: unknown, call?: Call & { readonly query?: string }): Promise<Answer>;
  /** `POST /v1/assignments/self-serve` with `{ limit, … }`. */
  selfServe(user: string, limit: unknown, more?: object, call?: Call): Promise<Answer>;
  /** Everything the user holds. */
  my(user: string): Promise<Row[]>;
  /** `PUT /v1/assignments/…` with the row's etag unless `headers` say otherwise. */
  put(user: string, row: Row, body: unknown, call?: Call): Promise<Answer>;
  /** Rows of a statement run past the service, as the owner of its tables. */
  sql<Result = Record<string, Body>>(text: string, values?: readonly unknown[]): Promise<Result[]>;
  stop(): Promise<void>;
}

let made = 0;
/** A name that no other test of the file uses. */
export function unique(word: string): string {
  made++;
  return `${word}-${String(made)}`;
}

/** An item that can be approved. */
export function makeItem(dataset: string, overrides: object = {}): Record<string, unknown> {
  const id = unique('gt');
  return {
    id,
    datasetName: dataset,
    synthQuestion: `What is meant by ${id}?`,
    answer: 'An example.',
    ...overrides,
  };
}

/** So many of them. */
export function makeItems(dataset: string, count: number, overrides: object = {}): Record<string, unknown>[] {
  return Array.from({ length: count }, () => makeItem(dataset, overrides));
}

const identityOf = (as: string | Partial<Identity>): Partial<Identity> =>
  typeof as === 'string' ? { sub: as, owner: as, roles: ['reviewer'], scopes: ['*'] } : as;

/** Starts the service on the test run's Postgres and RabbitMQ. @param openDoor given the copies' addresses */
export async function startWorld({
  replicas = 1,
  env = {},
  openDoor,
}: {
  replicas?: number;
  env?: Record<string, string>;
  openDoor?: (urls: readonly string[]) => Promise<Door>;
} = {}): Promise<World> {
  const database = await createTestDatabase({ services: [assignment.name] });
  const services: App[] = [];
  for (let index = 0; index < replicas; index++) {
    const namespace = services[0] && { namespace: services[0].namespace };
    services.push(await startApp(assignment, { database, ...namespace, env: { LOG_LEVEL: 'warn', ...env } }));
  }
  const door = await openDoor?.(services.map(({ url }) => url));
  const pool = new pg.Pool({ connectionString: database.urlFor(assignment.name), max: 4 });
  const identityHeaders = async (
    service: App,
    as: string | Partial<Identity>,
  ): Promise<Record<string, string>> =>
    door ? door.headersOf(typeof as === 'string' ? { sub: as } : as) : service.identity(identityOf(as));
  const call = async (
    path: string,
    { method, body, headers = {}, as = {}, replica = 0 }: Call = {},
  ): Promise<Answer> => {
    const service = services[replica]!;
    const identity = as === null ? {} : await identityHeaders(service, as);
    const response = await fetch(`${door?.url ?? service.url}${path}`, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        ...identity,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /[/+]json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? JSON.parse(text) : undefined,
      text,
    };
  };
  return {
    database,
    namespace: services[0]!.namespace,
    services,
    call,
    importItems: (items, { query = '', ...rest } = {}) =>
      call(`/v1/ground-truths${query}`, { method: 'POST', body: items, ...rest }),
    selfServe: (user, limit, more = {}, rest = {}) =>
      call('/v1/assignments/self-serve', { body: { limit, ...more }, as: user, ...rest }),
    my: async (user) => (await call('/v1/assignments/my', { as: user })).body.items as Row[],
    put: (user, row, body, { headers = { 'If-Match': row.etag }, ...rest } = {}) =>
      call(pathOf(row), { method: 'PUT', body, as: user, headers, ...rest }),
    sql: async <Result>(text: string, values: readonly unknown[] = []) =>
      (await pool.query(text, [...values])).rows as Result[],
    async stop() {
      await door?.stop();
      for (const service of services) await service.stop();
      await pool.end();
      await expectNoLeaks({ databases: [database] });
      await database.drop();
    },
  };
}

/** Path of an item under `/v1/assignments`. */
export function pathOf(
  { dataset, bucket, id }: Pick<Row, 'dataset' | 'bucket' | 'id'>,
  root = 'assignments',
): string {
  return `/v1/${root}/${[dataset, bucket, id].map(encodeURIComponent).join('/')}`;
}
