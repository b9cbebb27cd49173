import type { Database } from '@hornbook/database';
import { createTestDatabase, eventually, testRabbitmq, type TestDatabase } from '@hornbook/testing';
import { randomBytes } from 'node:crypto';
import type { MessagingOptions, TransportOptions } from '../../src/messaging-options.js';
import { openDatabase } from './test-database.js';
import { TestService, type Parts, type TestConsumer } from './test-service.js';

/** What a case may ask of a service. */
export interface ServiceRequest {
  /** `alpha` unless given; two services of one name are replicas. */
  readonly name?: 'alpha' | 'beta';
  readonly consumers?: Readonly<Record<string, TestConsumer>>;
  readonly options?: Partial<MessagingOptions>;
  readonly parts?: Parts;
  /** Whether its relay runs by itself. Default true. */
  readonly relay?: boolean;
}

/** A fresh database, a namespace on the broker, and the services that a case starts in them. */
export class World {
  private readonly services: TestService[] = [];
  private readonly databases = new Map<string, Database>();

  private constructor(
    readonly testDatabase: TestDatabase,
    readonly transport: TransportOptions,
    /** Parts that every service gets unless its request says otherwise: the double under test. */
    private readonly parts: Parts,
    readonly timeoutMs: number,
    readonly namespace: string,
  ) {}

  /** @param options `transport`: another broker than the shared one, such as a private node or a proxy before it; `adminUrl`: another Postgres */
  static async open(
    kind: TransportOptions['kind'],
    {
      parts = {},
      timeoutMs = 15_000,
      transport,
      adminUrl,
    }: { parts?: Parts; timeoutMs?: number; transport?: TransportOptions; adminUrl?: string } = {},
  ): Promise<World> {
    const services = ['alpha', 'beta', 'broker'];
    const database = await createTestDatabase({ services, ...(adminUrl === undefined ? {} : { adminUrl }) });
    const own: TransportOptions =
      kind === 'rabbitmq'
        ? { kind, url: testRabbitmq().url }
        : { kind, url: database.urlFor('broker'), visibilitySeconds: 10 };
    return new World(database, transport ?? own, parts, timeoutMs, `t${randomBytes(5).toString('hex')}`);
  }

  /** Starts a service; its consumers are bound when this resolves. */
  async service(request: ServiceRequest = {}): Promise<TestService> {
    const name = request.name ?? 'alpha';
    const options: MessagingOptions = {
      service: name,
      transport: this.transport,
      namespace: this.namespace,
      retryDelaysMs: [50, 100],
      immediateRetries: 1,
      ...request.options,
    };
    const parts = { ...this.parts, ...request.parts };
    const service = new TestService(await this.database(name), options, request.consumers, parts);
    this.services.push(service);
    return service.start({ relay: request.relay ?? true });
  }

  /** The database of a service, its tables made. */
  async database(name: string): Promise<Database> {
    const known = this.databases.get(name);
    if (known) return known;
    const database = await openDatabase(this.testDatabase.urlFor(name), name);
    this.databases.set(name, database);
    return database;
  }

  /** Waits for a condition, within the case's time. */
  until(description: string, check: () => boolean | Promise<boolean>): Promise<true> {
    return eventually(check, { timeoutMs: this.timeoutMs, description });
  }

  /** Waits until the ledger has `count` lines, and returns it. */
  async effects(
    service: TestService,
    count: number,
  ): Promise<{ consumer: string; key: string; n: number }[]> {
    await this.until(`${String(count)} effects`, async () => (await service.ledger()).length >= count);
    return service.ledger();
  }

  async close(): Promise<void> {
    await Promise.all(this.services.map((service) => service.messaging.shutdown()));
    await Promise.all([...this.databases.values()].map((database) => database.close()));
    await this.testDatabase.drop();
  }
}

/** A promise that a test resolves. */
export function gate(): { readonly opened: Promise<unknown>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  return {
    opened: promise,
    open: () => {
      resolve(undefined);
    },
  };
}
