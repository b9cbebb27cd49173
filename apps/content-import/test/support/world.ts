import { IDENTITY_HEADER, type Identity } from '@hornbook/contracts';
import { bootstrap, IdentitySigner, type RunningService } from '@hornbook/service-kit';
import { createTestDatabase, expectNoLeaks, testRabbitmq, type TestDatabase } from '@hornbook/testing';
import { exportJWK, generateKeyPair } from 'jose';
import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import pg from 'pg';
import { contentImport } from '../../src/index.js';

/** An answer of the service. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // Tests look into bodies of every shape; a wrong guess fails the expectation.
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
export interface World {
  readonly service: RunningService<InstanceType<typeof contentImport.config>>;
  readonly database: TestDatabase;
  /** Prefix of the service's exchanges. */
  readonly namespace: string;
  /** Log lines so far. */
  readonly log: readonly Record<string, unknown>[];
  call(path: string, call?: Call): Promise<Answer>;
  /** `POST /api/v1/admin/bulk-import`. */
  post(batch: unknown, call?: Call & { readonly query?: string }): Promise<Answer>;
  /** Rows of a statement run past the service, as the owner of its tables. */
  sql<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  stop(): Promise<void>;
}

const admin: Identity = { sub: 'user-1', owner: 'user-1', roles: ['admin'], scopes: ['*'] };

/** Starts content-import as `bootstrap` does in production, embedded, on the test run's Postgres and RabbitMQ. */
export async function startWorld(): Promise<World> {
  const database = await createTestDatabase({ services: ['content-import'] });
  const namespace = `content-import-${randomBytes(4).toString('hex')}`;
  const { signer, publicKeys } = await identityKeys();
  const log: Record<string, unknown>[] = [];
  const service = await bootstrap(contentImport, {
    env: {
      PORT: '0',
      DATABASE_URL: database.urlFor('content-import'),
      RABBITMQ_URL: testRabbitmq().url,
      MESSAGING_NAMESPACE: namespace,
      IDENTITY_PUBLIC_KEYS: publicKeys,
    },
    logTo: collectLines(log),
    embedded: true,
  });
  const pool = new pg.Pool({ connectionString: database.urlFor('content-import'), max: 4 });
  const call = async (path: string, { method = 'GET', body, headers = {}, as = {} }: Call = {}): Promise<Answer> => {
    const identity = as === null ? {} : { [IDENTITY_HEADER]: await signer.sign({ ...admin, ...as }) };
    const content = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await fetch(`${service.url}${path}`, {
      method,
      headers: { ...identity, ...content, ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return { status: response.status, headers: response.headers, body: isJson ? (JSON.parse(text) as Record<string, unknown>) : {}, text };
  };
  return {
    service,
    database,
    namespace,
    log,
    call,
    post: (batch, { query = '', ...rest } = {}) => call(`/api/v1/admin/bulk-import${query}`, { method: 'POST', body: batch, ...rest }),
    sql: async <Row>(text: string, values: readonly unknown[] = []) => (await pool.query(text, [...values])).rows as Row[],
    async stop() {
      await service.stop();
      await pool.end();
      await expectNoLeaks({ databases: [database] });
      await database.drop();
    },
  };
}

async function identityKeys(): Promise<{ signer: IdentitySigner; publicKeys: string }> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  const kid = 'test';
  const signer = await IdentitySigner.create({ ...(await exportJWK(privateKey)), kid });
  return { signer, publicKeys: JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid }] }) };
}

function collectLines(log: Record<string, unknown>[]): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      for (const line of chunk.toString().split('\n')) {
        if (line !== '') log.push(JSON.parse(line) as Record<string, unknown>);
      }
      done();
    },
  });
}
