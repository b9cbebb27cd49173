import { defineEvent, type EventData, type EventDefinition } from '@hornbook/contracts';
import type { Database } from '@hornbook/database';
import { z } from 'zod';
import { DeadLetters } from '../../src/dead-letters/dead-letters.js';
import type { MessageContext } from '../../src/inbox/message-context.js';
import { MessageProcessor } from '../../src/inbox/message-processor.js';
import {
  messagingSettings,
  type MessagingOptions,
  type MessagingSettings,
} from '../../src/messaging-options.js';
import { MessagingServer } from '../../src/messaging-server.js';
import { Messaging } from '../../src/messaging.js';
import { OutboxRelay } from '../../src/outbox/outbox-relay.js';
import { OutboxStore } from '../../src/outbox/outbox-store.js';
import { Outbox } from '../../src/outbox/outbox.js';
import { Retention } from '../../src/retention.js';
import { PostgresTransport } from '../../src/transport/postgres/postgres-transport.js';
import { RabbitmqTransport } from '../../src/transport/rabbitmq/rabbitmq-transport.js';
import type { MessageTransport } from '../../src/transport/message-transport.js';

/** The event of these tests: number `n` of `key`. */
export const Counted = defineEvent({
  name: 'test.number.counted.v1',
  description: 'A number of a key was counted.',
  data: z.object({ key: z.string(), n: z.int() }),
  example: { key: 'a', n: 1 },
});

/** One consumer of a test. */
export interface TestConsumer {
  readonly event?: EventDefinition;
  readonly prefetch?: number;
  /** Default: writes a line into the ledger. */
  readonly handle?: (data: EventData<typeof Counted>, message: MessageContext) => Promise<void>;
}

/** Replacements for parts of the library: how the doubles are built in. */
export interface Parts {
  readonly outbox?: (database: Database, relay: OutboxRelay, transport: MessageTransport) => Outbox;
  readonly store?: (database: Database) => OutboxStore;
  readonly relay?: (
    store: OutboxStore,
    transport: MessageTransport,
    settings: MessagingSettings,
  ) => OutboxRelay;
  readonly transport?: (real: MessageTransport) => MessageTransport;
}

/** Writes the effect that the tests count. */
export async function record(
  data: EventData<typeof Counted>,
  { tx, consumer }: MessageContext,
): Promise<void> {
  await tx.query('INSERT INTO ledger (consumer, key, n) VALUES ($1, $2, $3)', [consumer, data.key, data.n]);
}

/** A service made of the library's parts by hand, as `MessagingModule` makes them. */
export class TestService {
  readonly transport: MessageTransport;
  readonly store: OutboxStore;
  readonly relay: OutboxRelay;
  readonly outbox: Outbox;
  readonly server: MessagingServer;
  readonly deadLetters: DeadLetters;
  readonly messaging: Messaging;

  constructor(
    readonly database: Database,
    options: MessagingOptions,
    consumers: Readonly<Record<string, TestConsumer>> = {},
    parts: Parts = {},
  ) {
    const settings = messagingSettings(options);
    const { transport } = settings;
    const real =
      transport.kind === 'rabbitmq'
        ? new RabbitmqTransport(transport, settings)
        : new PostgresTransport(transport, settings);
    this.transport = parts.transport?.(real) ?? real;
    this.store = parts.store?.(database) ?? new OutboxStore(database);
    this.relay =
      parts.relay?.(this.store, this.transport, settings) ??
      new OutboxRelay(this.store, this.transport, settings);
    const nudge = (): void => {
      this.relay.nudge();
    };
    this.outbox = parts.outbox?.(database, this.relay, this.transport) ?? new Outbox(database, nudge);
    this.deadLetters = new DeadLetters(database, this.transport, settings.service);
    const processor = new MessageProcessor(database, settings);
    this.server = new MessagingServer(this.transport, processor, this.deadLetters, settings);
    const retention = new Retention(database, this.store, this.deadLetters, settings);
    this.messaging = new Messaging(this.transport, this.relay, this.server, retention, this.deadLetters);
    for (const [consumer, { event = Counted, prefetch = 20, handle = record }] of Object.entries(consumers)) {
      const handler = (data: EventData<typeof Counted>, message: MessageContext): Promise<void> =>
        handle(data, message);
      this.server.addHandler(event.name, handler, true, { event, consumer, prefetch });
    }
  }

  /** Starts consumers, then the relay. */
  async start({ relay = true } = {}): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.server.listen((error) => {
        if (error === undefined) resolve();
        else reject(error instanceof Error ? error : new Error('listen failed', { cause: error }));
      });
    });
    if (relay) this.relay.start();
    return this;
  }

  /** Publishes in a transaction of its own. @returns the message id */
  count(key: string, n: number): Promise<string> {
    return this.database.transaction((tx) => this.outbox.publish(tx, Counted, { key, data: { key, n } }));
  }

  /** Effects so far, oldest first. */
  ledger(): Promise<{ consumer: string; key: string; n: number }[]> {
    return this.database.query('SELECT consumer, key, n FROM ledger ORDER BY id');
  }

  /** Rows of the outbox, oldest first. */
  rows(): Promise<
    {
      message_id: string;
      key: string;
      attempts: number;
      last_error: string | null;
      published_at: Date | null;
    }[]
  > {
    return this.database.query(
      'SELECT message_id, key, attempts, last_error, published_at FROM outbox ORDER BY id',
    );
  }
}
