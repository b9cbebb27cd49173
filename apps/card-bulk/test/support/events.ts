import { cloudEventSchema, type CloudEvent } from '@hornbook/contracts';
import { testRabbitmq } from '@hornbook/testing';
import { connect } from 'amqplib';

/** Events as the broker hands them out. */
export interface EventListener {
  /** Events so far, in the order of their arrival. */
  readonly events: readonly CloudEvent[];
  /** Data of the events of one kind. */
  of<Data>(event: { readonly name: string }): Data[];
  close(): Promise<void>;
}

/** Listens to every event of an installation, on a queue that goes when the listener does. */
export async function listenToEvents(namespace: string): Promise<EventListener> {
  const connection = await connect(testRabbitmq().url);
  const channel = await connection.createChannel();
  await channel.assertExchange(`${namespace}.events`, 'topic', { durable: true });
  const { queue } = await channel.assertQueue('', { exclusive: true });
  await channel.bindQueue(queue, `${namespace}.events`, '#');
  const events: CloudEvent[] = [];
  await channel.consume(
    queue,
    (message) => {
      if (message) events.push(cloudEventSchema.parse(JSON.parse(message.content.toString())));
    },
    { noAck: true },
  );
  return {
    events,
    of: <Data>({ name }: { readonly name: string }) =>
      events.filter(({ type }) => type === name).map(({ data }) => data as Data),
    close: () => connection.close(),
  };
}
