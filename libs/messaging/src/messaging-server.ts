import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import type { DeadLetters } from './dead-letters/dead-letters.js';
import type { ConsumerExtras } from './inbox/consumes.decorator.js';
import type { MessageProcessor } from './inbox/message-processor.js';
import type { MessagingSettings } from './messaging-options.js';
import { queueNameOf, type MessageTransport } from './transport/message-transport.js';

/** Serves `@Consumes` methods: `app.connectMicroservice({ strategy: app.get(MessagingServer) }, { inheritAppConfig: true })`. */
export class MessagingServer extends Server implements CustomTransportStrategy {
  override readonly transportId = Symbol('hornbook');
  /** Failures come to us; Nest must not log and forget them. */
  override readonly propagatesEventHandlerErrors = true;
  private readonly consumers = new Map<string, { handler: MessageHandler; extras: ConsumerExtras }>();

  constructor(
    private readonly transport: MessageTransport,
    private readonly processor: MessageProcessor,
    private readonly deadLetters: DeadLetters,
    private readonly settings: Pick<MessagingSettings, 'service'>,
  ) {
    super();
  }

  /**
   * Called by Nest for each handler. Nest would chain two handlers of one event into one call, so that one's commit
   * or failure decides for both; here each consumer has a queue and an inbox key of its own.
   * @throws Error when the handler is not made by `@Consumes`, or two consumers have one name
   */
  override addHandler(
    pattern: unknown,
    handler: MessageHandler,
    isEventHandler = false,
    extras: Record<string, unknown> = {},
  ): void {
    if (!isEventHandler || !isConsumerExtras(extras)) {
      throw new Error(
        `handler of ${String(pattern)}: use @Consumes(event, { consumer }), nothing else is served here`,
      );
    }
    if (this.consumers.has(extras.consumer)) throw new Error(`two consumers are called ${extras.consumer}`);
    handler.isEventHandler = true;
    handler.extras = extras;
    this.consumers.set(extras.consumer, { handler, extras });
    this.messageHandlers.set(extras.consumer, handler);
  }

  /** Starts the transport and every consumer. */
  listen(callback: (error?: unknown) => void): void {
    this.startConsuming().then(
      () => {
        callback();
      },
      (error: unknown) => {
        callback(error);
      },
    );
  }

  /** Takes no further message and finishes those in hand. Nest calls it on shutdown too; safe to repeat. */
  async close(): Promise<void> {
    this.processor.stop();
    await this.transport.stopConsuming();
  }

  /** Nest's status events; this transport reports through `MessageTransport.health`. */
  override on(): void {
    // Nothing is emitted.
  }

  override unwrap<T>(): T {
    return this.transport as T;
  }

  private async startConsuming(): Promise<void> {
    await this.transport.start();
    for (const [name, { handler, extras }] of this.consumers) {
      const consumer = {
        name,
        event: extras.event,
        handle: async (data: unknown, message: unknown): Promise<unknown> => {
          const answer: unknown = await handler(data, message);
          return isObservable(answer) ? lastValueFrom(answer, { defaultValue: undefined }) : answer;
        },
      };
      await this.transport.subscribe({
        queue: queueNameOf(this.settings.service, name),
        event: extras.event.name,
        prefetch: extras.prefetch,
        onMessage: (delivery) => this.processor.process(consumer, delivery),
        onDeadLetter: (dead) => this.deadLetters.keep(name, dead),
      });
    }
  }
}

function isConsumerExtras(extras: object): extras is ConsumerExtras {
  return 'event' in extras && 'consumer' in extras && 'prefetch' in extras;
}
