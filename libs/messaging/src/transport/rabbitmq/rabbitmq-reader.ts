import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { setTimeout as delay } from 'node:timers/promises';
import type { MessagingLogger } from '../../messaging-options.js';
import { within } from './within.js';

const REATTACH_PAUSE_MS = 200;
/** A broker that is starting may leave a declaration unanswered while its heartbeats go on. */
const OPEN_TIMEOUT_MS = 8_000;

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
  private opening: { readonly model: ChannelModel; readonly done: Promise<void> } | undefined;
  private reopening = false;
  private stopping = false;

  constructor(private readonly options: ReaderOptions) {}

  /** Whether messages are flowing. */
  get isConsuming(): boolean {
    return this.channel !== undefined && this.consumerTag !== undefined;
  }

  /** Starts consuming over a new connection; asked twice, it does it once. */
  attach(model: ChannelModel): Promise<void> {
    if (this.stopping || (this.model === model && this.channel)) return Promise.resolve();
    if (this.opening?.model === model) return this.opening.done;
    this.model = model;
    const done = within(OPEN_TIMEOUT_MS, this.open(model)).finally(() => {
      if (this.opening === opening) this.opening = undefined;
    });
    const opening = { model, done };
    this.opening = opening;
    return done;
  }

  /** The connection is gone. */
  detach(): void {
    this.model = undefined;
    this.channel = undefined;
    this.consumerTag = undefined;
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

  private async open(model: ChannelModel): Promise<void> {
    const channel = await model.createChannel();
    channel.on('error', (error) => {
      this.options.logger.warn(`rabbitmq ${this.options.queue}: ${error.message}`);
    });
    channel.on('close', () => {
      if (this.channel !== channel) return;
      this.channel = undefined;
      this.consumerTag = undefined;
      void this.reopen(model);
    });
    await this.options.declare(channel);
    await channel.prefetch(this.options.prefetch);
    if (this.model !== model || this.channel) throw new Error('overtaken by another channel');
    this.channel = channel;
    const { consumerTag } = await channel.consume(this.options.queue, (message) => {
      // null: the broker cancelled us. The connection is fine, but nothing would ever come again.
      if (message === null) void channel.close().catch(() => undefined);
      else this.take(channel, message);
    });
    this.consumerTag = consumerTag;
  }

  private async reopen(model: ChannelModel): Promise<void> {
    if (this.reopening) return;
    this.reopening = true;
    while (!this.stopping && this.model === model && !this.isConsuming) {
      await delay(REATTACH_PAUSE_MS);
      if (this.model !== model) break;
      await this.attach(model).catch((error: unknown) => {
        this.options.logger.warn(`rabbitmq ${this.options.queue}: ${String(error)}`);
      });
    }
    this.reopening = false;
  }
}
