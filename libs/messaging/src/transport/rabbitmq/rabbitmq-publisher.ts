import type { ChannelModel, ConfirmChannel } from 'amqplib';
import type { PublishOutcome } from '../message-transport.js';

/** One message and where it goes. */
export interface RabbitmqMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly id: string;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string | number>>;
  /** Whether the broker may forget it when it ends. */
  readonly isTransient?: boolean;
}

interface InFlight {
  readonly resolve: (outcome: PublishOutcome) => void;
  returned: string | undefined;
}

const CONFIRMED: PublishOutcome = { kind: 'confirmed' };

/**
 * Publishes with confirms on one channel. An unroutable message is confirmed like any other; the only sign is a
 * `basic.return` that comes before, so the two are matched by message id and address.
 */
export class RabbitmqPublisher {
  private channel: ConfirmChannel | undefined;
  private blocked: string | undefined;
  private readonly inFlight = new Map<string, InFlight[]>();

  /** @param onBroken called when the channel can no longer be trusted; the connection should be cut */
  constructor(
    private readonly confirmTimeoutMs: number,
    private readonly onBroken: () => void,
    private readonly onAvailable: () => void,
  ) {}

  /** Why nothing can be published, or undefined when it can. */
  get obstacle(): string | undefined {
    return this.channel ? this.blocked : 'not connected';
  }

  /** Takes a new connection. */
  async attach(model: ChannelModel, declare: (channel: ConfirmChannel) => Promise<void>): Promise<void> {
    const channel = await model.createConfirmChannel();
    channel.on('error', () => undefined);
    channel.on('close', () => {
      if (this.channel !== channel) return;
      this.channel = undefined;
      this.onBroken();
    });
    channel.on('return', ({ fields, properties }) => {
      const { replyText } = fields as { replyText?: string };
      const waiting = this.inFlight.get(
        address(fields.exchange, fields.routingKey, String(properties.messageId)),
      );
      for (const entry of waiting ?? []) entry.returned = replyText ?? 'returned';
    });
    model.on('blocked', (reason) => (this.blocked = `blocked by the broker: ${reason}`));
    model.on('unblocked', () => {
      this.blocked = undefined;
      this.onAvailable();
    });
    await declare(channel);
    this.blocked = undefined;
    this.channel = channel;
    this.onAvailable();
  }

  /** The connection is gone; amqplib has failed what was in flight. */
  detach(): void {
    this.channel = undefined;
  }

  /** One outcome per message, in order. Never rejects, never waits longer than the confirm timeout. */
  async publish(messages: readonly RabbitmqMessage[]): Promise<PublishOutcome[]> {
    const { channel, obstacle } = this;
    if (!channel || obstacle !== undefined) {
      return messages.map(() => ({ kind: 'unavailable', error: obstacle ?? 'not connected' }));
    }
    const timer = setTimeout(() => {
      // Silence means that the peer is gone or stuck: closing the channel fails all that is in flight on it.
      this.onBroken();
      this.failAll('no confirm in time');
    }, this.confirmTimeoutMs);
    try {
      return await Promise.all(messages.map((message) => this.send(channel, message)));
    } finally {
      clearTimeout(timer);
    }
  }

  private send(channel: ConfirmChannel, message: RabbitmqMessage): Promise<PublishOutcome> {
    return new Promise((settled) => {
      const key = address(message.exchange, message.routingKey, message.id);
      const entry: InFlight = {
        returned: undefined,
        resolve: (outcome) => {
          this.forget(key, entry);
          settled(outcome);
        },
      };
      const waiting = this.inFlight.get(key);
      if (waiting) waiting.push(entry);
      else this.inFlight.set(key, [entry]);
      try {
        channel.publish(
          message.exchange,
          message.routingKey,
          Buffer.from(message.body),
          this.properties(message),
          (error) => {
            entry.resolve(outcomeOf(error, entry.returned));
          },
        );
      } catch (error) {
        entry.resolve({ kind: 'unavailable', error: String(error) });
      }
    });
  }

  private properties(message: RabbitmqMessage): object {
    return {
      persistent: message.isTransient !== true,
      mandatory: true,
      messageId: message.id,
      type: message.type,
      contentType: 'application/cloudevents+json',
      headers: message.headers ?? {},
    };
  }

  private forget(key: string, entry: InFlight): void {
    const left = this.inFlight.get(key)?.filter((other) => other !== entry) ?? [];
    if (left.length > 0) this.inFlight.set(key, left);
    else this.inFlight.delete(key);
  }

  private failAll(error: string): void {
    for (const entries of [...this.inFlight.values()]) {
      for (const entry of entries) entry.resolve({ kind: 'unavailable', error });
    }
  }
}

function address(exchange: string, routingKey: string, id: string): string {
  return `${exchange}\n${routingKey}\n${id}`;
}

function outcomeOf(error: unknown, returned: string | undefined): PublishOutcome {
  if (error instanceof Error) {
    const kind = error.message === 'message nacked' ? 'rejected' : 'unavailable';
    return { kind, error: error.message };
  }
  return returned === undefined ? CONFIRMED : { kind: 'unroutable', error: returned };
}
