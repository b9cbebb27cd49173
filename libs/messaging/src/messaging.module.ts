import { Database } from '@hornbook/database';
import {
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type OnApplicationBootstrap,
  type Provider,
} from '@nestjs/common';
import { DeadLetters } from './dead-letters/dead-letters.js';
import { MessageProcessor } from './inbox/message-processor.js';
import { MESSAGING_SETTINGS, messagingSettings, type MessagingOptions, type MessagingSettings } from './messaging-options.js';
import { MessagingServer } from './messaging-server.js';
import { Messaging } from './messaging.js';
import { OutboxRelay } from './outbox/outbox-relay.js';
import { OutboxStore } from './outbox/outbox-store.js';
import { Outbox } from './outbox/outbox.js';
import { Retention } from './retention.js';
import { createTransport } from './transport/create-transport.js';
import { MessageTransport } from './transport/message-transport.js';

const MESSAGING_DATABASE = Symbol('MESSAGING_DATABASE');

/** Outbox, relay, consumers and dead letters of one service. Global: import it once, in the app's root module. */
@Module({})
export class MessagingModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(private readonly messaging: Messaging) {}

  /** @param options the service's name and the broker; `Database` is injected by its class unless given */
  static forRoot(options: MessagingOptions): DynamicModule {
    const providers: Provider[] = [
      { provide: MESSAGING_SETTINGS, useFactory: () => messagingSettings(options) },
      {
        provide: MESSAGING_DATABASE,
        useFactory: (database?: Database) => options.database ?? database,
        inject: options.database ? [] : [Database],
      },
      { provide: MessageTransport, useFactory: createTransport, inject: [MESSAGING_SETTINGS] },
      {
        provide: OutboxStore,
        useFactory: (database: Database) => new OutboxStore(database),
        inject: [MESSAGING_DATABASE],
      },
      {
        provide: OutboxRelay,
        useFactory: (store: OutboxStore, transport: MessageTransport, settings: MessagingSettings) =>
          new OutboxRelay(store, transport, settings),
        inject: [OutboxStore, MessageTransport, MESSAGING_SETTINGS],
      },
      {
        provide: Outbox,
        useFactory: (database: Database, relay: OutboxRelay) =>
          new Outbox(database, () => {
            relay.nudge();
          }),
        inject: [MESSAGING_DATABASE, OutboxRelay],
      },
      {
        provide: MessageProcessor,
        useFactory: (database: Database, settings: MessagingSettings) => new MessageProcessor(database, settings),
        inject: [MESSAGING_DATABASE, MESSAGING_SETTINGS],
      },
      {
        provide: DeadLetters,
        useFactory: (database: Database, transport: MessageTransport, { service }: MessagingSettings) =>
          new DeadLetters(database, transport, service),
        inject: [MESSAGING_DATABASE, MessageTransport, MESSAGING_SETTINGS],
      },
      {
        provide: MessagingServer,
        useFactory: (
          transport: MessageTransport,
          processor: MessageProcessor,
          deadLetters: DeadLetters,
          settings: MessagingSettings,
        ) => new MessagingServer(transport, processor, deadLetters, settings),
        inject: [MessageTransport, MessageProcessor, DeadLetters, MESSAGING_SETTINGS],
      },
      {
        provide: Retention,
        useFactory: (database: Database, store: OutboxStore, deadLetters: DeadLetters, settings: MessagingSettings) =>
          new Retention(database, store, deadLetters, settings),
        inject: [MESSAGING_DATABASE, OutboxStore, DeadLetters, MESSAGING_SETTINGS],
      },
      {
        provide: Messaging,
        useFactory: (
          transport: MessageTransport,
          relay: OutboxRelay,
          server: MessagingServer,
          retention: Retention,
          deadLetters: DeadLetters,
        ) => new Messaging(transport, relay, server, retention, deadLetters),
        inject: [MessageTransport, OutboxRelay, MessagingServer, Retention, DeadLetters],
      },
    ];
    return {
      module: MessagingModule,
      global: true,
      providers,
      exports: [Outbox, OutboxRelay, MessageTransport, MessagingServer, DeadLetters, Retention, Messaging],
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.messaging.start();
  }

  /** Safety net for programs without service-kit, which calls `Messaging.shutdown` itself. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.messaging.shutdown();
  }
}
