import type { Channel } from 'amqplib';

/** Names and arguments of everything we declare; an argument changes only together with a name. */
export class RabbitmqTopology {
  /** Topic exchange that every event goes to, by its name as routing key. */
  readonly events: string;

  constructor(
    private readonly namespace: string,
    private readonly retryDelaysMs: readonly number[],
  ) {
    this.events = `${namespace}.events`;
  }

  queue(name: string): string {
    return `${this.namespace}.${name}`;
  }

  deadQueue(name: string): string {
    return `${this.queue(name)}.dead`;
  }

  /** Publishing here with a queue's name as routing key brings the message back to that queue after the delay. */
  retryExchange(delayMs: number): string {
    return `${this.namespace}.retry.${String(delayMs)}`;
  }

  /** The exchange and one queue per delay: a shared one would let a long delay hold up a short one behind it. */
  async declareShared(channel: Channel): Promise<void> {
    await channel.assertExchange(this.events, 'topic', { durable: true });
    for (const delayMs of new Set(this.retryDelaysMs)) {
      const name = this.retryExchange(delayMs);
      await channel.assertExchange(name, 'fanout', { durable: true });
      await channel.assertQueue(name, {
        durable: true,
        // No dead-letter routing key: the message keeps its own, which is the queue it came from.
        arguments: { ...SAFE_DEAD_LETTERING, 'x-message-ttl': delayMs },
      });
      await channel.bindQueue(name, name, '');
    }
  }

  /** One consumer's queue, bound to its event, and the queue of its dead letters. */
  async declareConsumer(channel: Channel, name: string, event: string): Promise<void> {
    await channel.assertExchange(this.events, 'topic', { durable: true });
    await channel.assertQueue(this.deadQueue(name), {
      durable: true,
      // Brokers from 4.0 drop after 20 deliveries by default, and here nothing stands behind.
      arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 1_000_000 },
    });
    await channel.assertQueue(this.queue(name), {
      durable: true,
      arguments: {
        ...SAFE_DEAD_LETTERING,
        'x-dead-letter-routing-key': this.deadQueue(name),
        // Only a net for what kills its consumer: our own attempts are counted in a header.
        'x-delivery-limit': 20,
      },
    });
    await channel.bindQueue(this.queue(name), this.events, event);
  }
}

/** A message leaves its queue only when the next one has confirmed it. */
const SAFE_DEAD_LETTERING = {
  'x-queue-type': 'quorum',
  'x-dead-letter-exchange': '',
  'x-dead-letter-strategy': 'at-least-once',
  'x-overflow': 'reject-publish',
};
