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
import {
  MESSAGING_SETTINGS,
  messagingSettings,
  type MessagingOptions,
  type MessagingSettings,
} from './messaging-options.js';
import { MessagingServer } from './messaging-server.js';
import { Messaging } from './messaging.js';
import { OutboxRelay } from './outbox/outbox-relay.js';
import { OutboxStore } from './outbox/outbox-store.js';
import { Outbox } from './outbox/outbox.js';
import { Retention } from './retention.js';
import { createTransport } from './transport/create-transport.js';
import { MessageTransport } from './transport/message-transport.js';

const MESSAGING_DATABASE = Symbol('MESSAGING_DATABASE');

function settingsOf(options: MessagingOptions): Provider {
  return { provide: MESSAGING_SETTINGS, useFactory: () => messagingSettings(options) };
}

function databaseOf({ database }: MessagingOptions): Provider {
  return database
    ? { provide: MESSAGING_DATABASE, useValue: database }
    : { provide: MESSAGING_DATABASE, useExisting: Database };
}

/** The parts, each made of those before it; they are plain classes, so that they can be built without Nest. */
const PROVIDERS: Provider[] = [
  { provide: MessageTransport, inject: [MESSAGING_SETTINGS], useFactory: createTransport },
  {
    provide: OutboxStore,
    inject: [MESSAGING_DATABASE],
    useFactory: (database: Database) => new OutboxStore(database),
  },
  {
    provide: OutboxRelay,
    inject: [OutboxStore, MessageTransport, MESSAGING_SETTINGS],
    useFactory: (store: OutboxStore, transport: MessageTransport, settings: MessagingSettings) =>
      new OutboxRelay(store, transport, settings),
  },
  {
    provide: Outbox,
    inject: [MESSAGING_DATABASE, OutboxRelay],
    useFactory: (database: Database, relay: OutboxRelay) =>
      new Outbox(database, () => {
        relay.nudge();
      }),
  },
  {
    provide: MessageProcessor,
    inject: [MESSAGING_DATABASE, MESSAGING_SETTINGS],
    useFactory: (database: Database, settings: MessagingSettings) => new MessageProcessor(database, settings),
  },
  {
    provide: DeadLetters,
    inject: [MESSAGING_DATABASE, MessageTransport, MESSAGING_SETTINGS],
    useFactory: (database: Database, transport: MessageTransport, { service }: MessagingSettings) =>
      new DeadLetters(database, transport, service),
  },
  {
    provide: MessagingServer,
    inject: [MessageTransport, MessageProcessor, DeadLetters, MESSAGING_SETTINGS],
    useFactory: (
      transport: MessageTransport,
      processor: MessageProcessor,
      deadLetters: DeadLetters,
      settings: MessagingSettings,
    ) => new MessagingServer(transport, processor, deadLetters, settings),
  },
  {
    provide: Retention,
    inject: [MESSAGING_DATABASE, OutboxStore, DeadLetters, MESSAGING_SETTINGS],
    useFactory: (
      database: Database,
      store: OutboxStore,
      deadLetters: DeadLetters,
      settings: MessagingSettings,
    ) => new Retention(database, store, deadLetters, settings),
  },
  {
    provide: Messaging,
    inject: [MessageTransport, OutboxRelay, MessagingServer, Retention, DeadLetters],
    useFactory: (
      transport: MessageTransport,
      relay: OutboxRelay,
      server: MessagingServer,
      retention: Retention,
      deadLetters: DeadLetters,
    ) => new Messaging(transport, relay, server, retention, deadLetters),
  },
];

/** Outbox, relay, consumers and dead letters of one service. Global: import it once, in the app's root module. */
@Module({})
export class MessagingModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(private readonly messaging: Messaging) {}

  /** @param options the service's name and the broker; `Database` is injected by its class unless given */
  static forRoot(options: MessagingOptions): DynamicModule {
    return {
      module: MessagingModule,
      global: true,
      providers: [settingsOf(options), databaseOf(options), ...PROVIDERS],
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
