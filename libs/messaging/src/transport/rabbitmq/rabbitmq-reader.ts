import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { setTimeout as delay } from 'node:timers/promises';
import type { MessagingLogger } from '../../messaging-options.js';

const REATTACH_PAUSE_MS = 200;

/** One queue to read and what to do with its messages. */
export interface ReaderOptions {
  readonly queue: string;
  readonly prefetch: number;
  readonly logger: MessagingLogger;
  /** Declares the queue; runs before every (re)start of consuming. */
  readonly declare: (channel: Channel) => Promise<void>;
  /**
   * Works on one message. `isAlive` says whether it can still be settled here. @returns whether to acknowledge;
   * otherwise the broker delivers it again when the channel ends.
   */
  readonly onMessage: (message: ConsumeMessage, isAlive: () => boolean) => Promise<boolean>;
}

/**
 * Consumes one queue over one channel at a time. When the broker ends the channel or cancels the consumer (its queue
 * was deleted), the queue is declared and consumed anew.
 */
export class RabbitmqReader {
  private readonly inHand = new Set<Promise<void>>();
  private model: ChannelModel | undefined;
  private channel: Channel | undefined;
  private consumerTag: string | undefined;
  private stopping = false;

  constructor(private readonly options: ReaderOptions) {}

  /** Whether messages are flowing. */
  get isConsuming(): boolean {
    return this.channel !== undefined;
  }

  /** Starts consuming over a new connection. */
  async attach(model: ChannelModel): Promise<void> {
    this.model = model;
    if (this.stopping) return;
    const channel = await model.createChannel();
    channel.on('error', (error) => {
      this.options.logger.warn(`rabbitmq ${this.options.queue}: ${error.message}`);
    });
    channel.on('close', () => {
      if (this.channel === channel) this.channel = undefined;
      void this.reattach(model);
    });
    await this.options.declare(channel);
    await channel.prefetch(this.options.prefetch);
    this.channel = channel;
    const { consumerTag } = await channel.consume(this.options.queue, (message) => {
      // null: the broker cancelled us. The connection is fine, but nothing would ever come again.
      if (message === null) void channel.close().catch(() => undefined);
      else this.take(channel, message);
    });
    this.consumerTag = consumerTag;
  }

  /** The connection is gone. */
  detach(): void {
    this.model = undefined;
    this.channel = undefined;
  }

  /** Takes no further message and resolves when those in hand are settled. */
  async stop(): Promise<void> {
    this.stopping = true;
    const { channel, consumerTag } = this;
    if (channel && consumerTag !== undefined) await channel.cancel(consumerTag).catch(() => undefined);
    while (this.inHand.size > 0) await Promise.all(this.inHand);
    await channel?.close().catch(() => undefined);
  }

  private take(channel: Channel, message: ConsumeMessage): void {
    const isAlive = (): boolean => this.channel === channel;
    const work = this.options
      .onMessage(message, isAlive)
      .then((settled) => {
        // On a dead channel the message is already on its way to somebody else, whom the inbox will tell.
        if (settled && isAlive()) channel.ack(message);
      })
      .catch((error: unknown) => {
        this.options.logger.error(`rabbitmq ${this.options.queue}: ${String(error)}`);
      })
      .finally(() => this.inHand.delete(work));
    this.inHand.add(work);
  }

  private async reattach(model: ChannelModel): Promise<void> {
    while (!this.stopping && this.model === model && !this.channel) {
      await delay(REATTACH_PAUSE_MS);
      if (this.model !== model) return;
      try {
        await this.attach(model);
        return;
      } catch (error) {
        this.options.logger.warn(`rabbitmq ${this.options.queue}: ${String(error)}`);
      }
    }
  }
}
