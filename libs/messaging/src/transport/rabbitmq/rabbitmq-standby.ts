import type { Channel, ChannelModel } from 'amqplib';
import type { MessagingLogger } from '../../messaging-options.js';
import { RabbitmqReader } from './rabbitmq-reader.js';
import { within } from './within.js';

/** Longest wait for the broker's answer: whoever asks for a service's health does not wait for a broker that hangs. */
const ANSWER_MS = 2_000;

/** A queue of calls: one that nobody has heard yet says as much as many, and an old one says nothing. */
const CALLS = { 'x-max-length': 1, 'x-message-ttl': 5_000, 'x-expires': 3_600_000 };

const declare = (channel: Channel, queue: string): ReturnType<Channel['assertQueue']> =>
  channel.assertQueue(queue, { durable: true, arguments: CALLS });

/** What consumes the calls of a queue, and calls `onCall` for each that is this process's. */
export function standbyReader(queue: string, onCall: () => void, logger: MessagingLogger): RabbitmqReader {
  return new RabbitmqReader({
    queue,
    prefetch: 1,
    logger,
    declare: async (channel) => {
      await declare(channel, queue);
    },
    onMessage: () => {
      onCall();
      return Promise.resolve(true);
    },
  });
}

/** How many consumers the broker has for a queue of calls. @throws Error when it does not answer */
export async function consumersOf(model: ChannelModel, queue: string): Promise<number> {
  const channel = await within(ANSWER_MS, model.createChannel());
  // An 'error' without a listener would end the process; whoever waits below is told.
  channel.on('error', () => undefined);
  try {
    const { consumerCount } = await within(ANSWER_MS, declare(channel, queue));
    return consumerCount;
  } finally {
    channel.close().catch(() => undefined);
  }
}
