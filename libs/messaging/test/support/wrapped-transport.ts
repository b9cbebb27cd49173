import {
  MessageTransport,
  type OutgoingMessage,
  type PublishOutcome,
  type Subscription,
  type TransportHealth,
} from '../../src/transport/message-transport.js';

/** Hands everything on; tests override what they want to break or watch. */
export class WrappedTransport extends MessageTransport {
  constructor(protected readonly real: MessageTransport) {
    super();
  }

  start(): Promise<void> {
    return this.real.start();
  }

  onAvailable(listener: () => void): void {
    this.real.onAvailable(listener);
  }

  publish(messages: readonly OutgoingMessage[]): Promise<PublishOutcome[]> {
    return this.real.publish(messages);
  }

  deliver(queue: string, message: OutgoingMessage): Promise<PublishOutcome> {
    return this.real.deliver(queue, message);
  }

  subscribe(subscription: Subscription): Promise<void> {
    return this.real.subscribe(subscription);
  }

  stopConsuming(): Promise<void> {
    return this.real.stopConsuming();
  }

  close(): Promise<void> {
    return this.real.close();
  }

  health(): Promise<TransportHealth> {
    return this.real.health();
  }
}
