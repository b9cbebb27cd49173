import type { DeadLetters } from './dead-letters/dead-letters.js';
import type { MessagingServer } from './messaging-server.js';
import type { OutboxRelay } from './outbox/outbox-relay.js';
import type { Retention } from './retention.js';
import type { MessageTransport } from './transport/message-transport.js';

/** Starts and stops the parts in the right order. service-kit calls `shutdown` before it closes the pool. */
export class Messaging {
  private ending: Promise<void> | undefined;

  constructor(
    private readonly transport: MessageTransport,
    private readonly relay: OutboxRelay,
    private readonly server: MessagingServer,
    private readonly retention: Retention,
    readonly deadLetters: DeadLetters,
  ) {}

  /** Connects to the broker and starts the relay; consumers start with `MessagingServer.listen`. Safe to repeat. */
  async start(): Promise<void> {
    await this.transport.start();
    this.relay.start();
    this.retention.start();
  }

  /** Stops taking work, finishes what is in hand, sends what is committed, closes the broker. Safe to repeat. */
  shutdown(): Promise<void> {
    this.ending ??= this.end();
    return this.ending;
  }

  /** Takes no further message and finishes those in hand. */
  stopConsuming(): Promise<void> {
    return this.server.close();
  }

  /** Sends what is committed by now and stops the relay. */
  async stopRelay(): Promise<void> {
    this.retention.stop();
    await this.relay.stop();
  }

  /** Ends the connections to the broker. */
  closeTransport(): Promise<void> {
    return this.transport.close();
  }

  private async end(): Promise<void> {
    await this.stopConsuming();
    await this.stopRelay();
    await this.closeTransport();
  }
}
