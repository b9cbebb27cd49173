import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { IDENTITY_HEADER, type Identity } from '@hornbook/contracts';
import {
  bootstrap,
  IdentitySigner,
  type AnyServiceConfig,
  type RunningService,
  type ServiceDefinition,
} from '@hornbook/service-kit';
import { exportJWK, generateKeyPair } from 'jose';
import supertest from 'supertest';
import { Conformance } from './conformance.js';
import { createTestDatabase, type TestDatabase } from './test-database.js';
import { testRabbitmq } from './test-servers.js';

/** Schema that carries events when a test runs without RabbitMQ. */
const BROKER = 'broker';

/** How the service is started. */
export interface StartAppOptions {
  /** A database with the service's schema, to be dropped by the caller. Default: a fresh one, dropped by `stop()`. */
  readonly database?: TestDatabase;
  /** Prefix of exchanges and queues; services that talk to each other share it. Default: a random one. */
  readonly namespace?: string;
  /** What carries events. Default: the test run's RabbitMQ. */
  readonly transport?: 'rabbitmq' | 'postgres';
  /** Variables that differ; undefined leaves one out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A service under test, in this process, on a database and broker names of its own. */
export interface TestApp<Config> extends Omit<RunningService<Config>, 'stop'> {
  readonly database: TestDatabase;
  readonly namespace: string;
  /** Log lines so far, parsed. */
  readonly log: readonly Record<string, unknown>[];
  /** Calls the service without any identity. */
  readonly request: supertest.Agent;
  /** A supertest agent whose calls come from this caller: an admin with every scope unless said otherwise. */
  as(caller?: Partial<Identity>): Promise<supertest.Agent>;
  /** The header by which the gateway would tell who is calling; valid for a minute. */
  identity(caller?: Partial<Identity>): Promise<Record<string, string>>;
  /**
   * Stops it in production's order, and drops the database unless it was given. Safe to call twice.
   * @throws Error when an answer did not conform to the OpenAPI document
   */
  stop(): Promise<void>;
}

const admin: Identity = { sub: 'user-1', owner: 'user-1', roles: ['admin'], scopes: ['*'] };

/** Starts a service as `main.ts` does, through `bootstrap`, with a free port and an identity key of the test's own. */
export async function startApp<Config extends AnyServiceConfig>(
  definition: ServiceDefinition<Config>,
  options: StartAppOptions = {},
  // The definition alone says the type, not the variable that the result is kept in.
): Promise<TestApp<NoInfer<Config>>> {
  const { transport = 'rabbitmq', namespace = `test-${randomBytes(6).toString('hex')}` } = options;
  const broker = transport === 'postgres' ? [BROKER] : [];
  const database = options.database ?? (await createTestDatabase({ services: [definition.name, ...broker] }));
  const dropOwnDatabase = (): Promise<void> => (options.database ? Promise.resolve() : database.drop());
  const { signer, publicKeys } = await identityKeys();
  const log: Record<string, unknown>[] = [];
  const env = {
    PORT: '0',
    DATABASE_URL: database.urlFor(definition.name),
    MESSAGING_NAMESPACE: namespace,
    IDENTITY_PUBLIC_KEYS: publicKeys,
    ...(transport === 'rabbitmq'
      ? { RABBITMQ_URL: testRabbitmq().url }
      : { MESSAGING_DATABASE_URL: database.urlFor(BROKER) }),
    ...options.env,
  };
  const conformance = new Conformance();
  let running: RunningService<Config>;
  try {
    running = await bootstrap(watched(definition, conformance), {
      env,
      logTo: collectLines(log),
      embedded: true,
    });
  } catch (error) {
    await dropOwnDatabase();
    throw error;
  }
  const identity = async (caller: Partial<Identity> = {}): Promise<Record<string, string>> => ({
    [IDENTITY_HEADER]: await signer.sign({ ...admin, ...caller }),
  });
  return {
    ...running,
    database,
    namespace,
    log,
    request: supertest.agent(running.url),
    as: async (caller) => supertest.agent(running.url).set(await identity(caller)),
    identity,
    async stop() {
      await running.stop();
      await dropOwnDatabase();
      if (conformance.violations.size > 0) {
        throw new Error(
          `Answers do not conform to the OpenAPI document:\n${[...conformance.violations].join('\n')}`,
        );
      }
    },
  };
}

/** The same service, every answer of which is held against the OpenAPI document. */
function watched<Config extends AnyServiceConfig>(
  definition: ServiceDefinition<Config>,
  conformance: Conformance,
): ServiceDefinition<Config> {
  return {
    ...definition,
    configureHttp: async (fastify, config, parts) => {
      conformance.watch(fastify);
      await definition.configureHttp?.(fastify, config, parts);
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
