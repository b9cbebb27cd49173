import type { ChannelModel, ConsumeMessage } from 'amqplib';
import { setTimeout as delay } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import type { MessagingSettings, RabbitmqTransportOptions } from '../../messaging-options.js';
import {
  MessageTransport,
  parseFailure,
  type DeadDelivery,
  type Disposition,
  type Failure,
  type OutgoingMessage,
  type PublishOutcome,
  type Subscription,
  type TransportHealth,
} from '../message-transport.js';
import { RabbitmqConnection } from './rabbitmq-connection.js';
import { RabbitmqPublisher, type RabbitmqMessage } from './rabbitmq-publisher.js';
import { RabbitmqReader } from './rabbitmq-reader.js';
import { consumersOf, standbyReader } from './rabbitmq-standby.js';
import { RabbitmqTopology } from './rabbitmq-topology.js';

const ATTEMPT = 'x-hornbook-attempt';
const FAILURE = 'x-hornbook-failure';
/** A subscription waits this long for the broker at start-up; afterwards it comes about when the broker does. */
const SUBSCRIBE_WAIT_MS = 5_000;
const MAX_PAUSE_MS = 5_000;

type Settings = Pick<MessagingSettings, 'service' | 'namespace' | 'retryDelaysMs' | 'logger'>;

/** RabbitMQ by quorum queues, publisher confirms and manual acknowledgements. */
export class RabbitmqTransport extends MessageTransport {
  private readonly topology: RabbitmqTopology;
  private readonly publisher: RabbitmqPublisher;
  private readonly publishing: RabbitmqConnection;
  private readonly consuming: RabbitmqConnection;
  private readonly readers: RabbitmqReader[] = [];
  private readonly listeners: (() => void)[] = [];
  private consumingOver: ChannelModel | undefined;
  private stopping = false;

  constructor(
    options: RabbitmqTransportOptions,
    private readonly settings: Settings,
  ) {
    super();
    const { url, heartbeatSeconds = 10, confirmTimeoutMs = 10_000 } = options;
    const { logger, service } = settings;
    this.topology = new RabbitmqTopology(settings.namespace, settings.retryDelaysMs);
    this.publisher = new RabbitmqPublisher(
      confirmTimeoutMs,
      () => {
        this.publishing.drop();
      },
      () => {
        for (const listener of this.listeners) listener();
      },
    );
    // Two connections: a broker that throttles publishers stops their whole connection, acknowledgements included.
    this.publishing = new RabbitmqConnection({
      url,
      name: `${service} publishing`,
      heartbeatSeconds,
      logger,
      onConnected: (model) => this.publisher.attach(model, (channel) => this.topology.declareShared(channel)),
      onLost: () => {
        this.publisher.detach();
      },
    });
    this.consuming = new RabbitmqConnection({
      url,
      name: `${service} consuming`,
      heartbeatSeconds,
      logger,
      onConnected: async (model) => {
        this.consumingOver = model;
        for (const reader of this.readers) await reader.attach(model);
      },
      onLost: () => {
        this.consumingOver = undefined;
        for (const reader of this.readers) reader.detach();
      },
    });
  }

  start(): Promise<void> {
    this.publishing.start();
    return Promise.resolve();
  }

  onAvailable(listener: () => void): void {
    this.listeners.push(listener);
  }

  publish(messages: readonly OutgoingMessage[]): Promise<PublishOutcome[]> {
    return this.publisher.publish(
      messages.map(({ id, event, body }) => ({
        exchange: this.topology.events,
        routingKey: event,
        id,
        type: event,
        body,
      })),
    );
  }

  async deliver(queue: string, { id, event, body }: OutgoingMessage): Promise<PublishOutcome> {
    return this.send({ exchange: '', routingKey: this.topology.queue(queue), id, type: event, body });
  }

  async subscribe(subscription: Subscription): Promise<void> {
    const { queue, event, prefetch } = subscription;
    const { logger } = this.settings;
    const declare = (channel: Parameters<RabbitmqTopology['declareConsumer']>[0]): Promise<void> =>
      this.topology.declareConsumer(channel, queue, event);
    const readers = [
      new RabbitmqReader({
        queue: this.topology.queue(queue),
        prefetch,
        logger,
        declare,
        onMessage: (message, isAlive) => this.handle(subscription, message, isAlive),
      }),
      new RabbitmqReader({
        queue: this.topology.deadQueue(queue),
        prefetch: 10,
        logger,
        declare,
        onMessage: (message, isAlive) => this.keep(subscription, message, isAlive),
      }),
    ];
    await this.consume(readers);
  }

  override standBy(queue: string, onCall: () => void): Promise<void> {
    return this.consume([standbyReader(this.topology.queue(queue), onCall, this.settings.logger)]);
  }

  override call(queue: string): void {
    // Not kept: it is worth nothing to a broker that has to be started first.
    void this.send({
      exchange: '',
      routingKey: this.topology.queue(queue),
      id: uuidv7(),
      type: 'call',
      body: '',
      isTransient: true,
    });
  }

  override async standingBy(queue: string): Promise<number | undefined> {
    const model = this.consumingOver;
    return model && consumersOf(model, this.topology.queue(queue)).catch(() => undefined);
  }

  async stopConsuming(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.readers.map((reader) => reader.stop()));
  }

  async close(): Promise<void> {
    await this.stopConsuming();
    await Promise.all([this.publishing.close(), this.consuming.close()]);
  }

  health(): Promise<TransportHealth> {
    const { obstacle } = this.publisher;
    const idle = this.readers.filter((reader) => !reader.isConsuming).length;
    if (obstacle !== undefined) return Promise.resolve({ ok: false, detail: `rabbitmq: ${obstacle}` });
    if (idle > 0)
      return Promise.resolve({ ok: false, detail: `rabbitmq: ${String(idle)} queues are not consumed` });
    return Promise.resolve({ ok: true, detail: 'rabbitmq: connected' });
  }

  /** Begins to read; waits a while for the broker. */
  private async consume(readers: readonly RabbitmqReader[]): Promise<void> {
    this.consuming.start();
    const model = this.consumingOver;
    this.readers.push(...readers);
    // A connection that is still building attaches the new readers itself.
    if (model) for (const reader of readers) await reader.attach(model).catch(() => undefined);
    const deadline = performance.now() + SUBSCRIBE_WAIT_MS;
    const isWaiting = (): boolean => !this.stopping && readers.some((reader) => !reader.isConsuming);
    while (isWaiting() && performance.now() < deadline) await delay(10);
  }

  private async handle(
    subscription: Subscription,
    message: ConsumeMessage,
    isAlive: () => boolean,
  ): Promise<boolean> {
    const body = message.content.toString('utf8');
    const disposition = await subscription.onMessage({ body, attempt: attemptOf(message) });
    if (disposition.kind === 'release') return false;
    const successor = this.successorOf(subscription.queue, message, body, disposition);
    // Settled only after its successor is stored. A crash in between repeats the message; the inbox absorbs it.
    return successor ? this.sendUntilStored(successor, isAlive) : true;
  }

  private successorOf(
    queue: string,
    { properties }: ConsumeMessage,
    body: string,
    disposition: Disposition,
  ): RabbitmqMessage | undefined {
    const same = { id: String(properties.messageId), type: String(properties.type), body };
    switch (disposition.kind) {
      case 'retry': {
        const exchange = this.topology.retryExchange(disposition.delayMs);
        return {
          ...same,
          exchange,
          routingKey: this.topology.queue(queue),
          headers: { [ATTEMPT]: disposition.attempt },
        };
      }
      case 'park': {
        const headers = { [FAILURE]: JSON.stringify(disposition.failure) };
        return { ...same, exchange: '', routingKey: this.topology.deadQueue(queue), headers };
      }
      default:
        return undefined;
    }
  }

  private async sendUntilStored(message: RabbitmqMessage, isAlive: () => boolean): Promise<boolean> {
    for (let pauseMs = 50; isAlive(); pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2)) {
      const outcome = await this.send(message);
      if (outcome.kind === 'confirmed') return true;
      // The retry or dead-letter queue was deleted: a new connection declares the shared ones again.
      if (outcome.kind === 'unroutable') this.publishing.drop();
      if (this.stopping) return false;
      await delay(pauseMs);
    }
    return false;
  }

  /** Keeps at it while the database is away: giving the message back would only count up its deliveries. */
  private async keep(
    subscription: Subscription,
    message: ConsumeMessage,
    isAlive: () => boolean,
  ): Promise<boolean> {
    const dead: DeadDelivery = { body: message.content.toString('utf8'), failure: failureIn(message) };
    for (let pauseMs = 100; isAlive(); pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2)) {
      try {
        await subscription.onDeadLetter(dead);
        return true;
      } catch (error) {
        this.settings.logger.warn(
          `rabbitmq ${subscription.queue}: dead letter not stored yet: ${String(error)}`,
        );
      }
      if (this.stopping) return false;
      await delay(pauseMs);
    }
    return false;
  }

  private async send(message: RabbitmqMessage): Promise<PublishOutcome> {
    const [outcome] = await this.publisher.publish([message]);
    return outcome ?? { kind: 'unavailable', error: 'no outcome' };
  }
}

function attemptOf({ properties }: ConsumeMessage): number {
  const attempt: unknown = properties.headers?.[ATTEMPT];
  return typeof attempt === 'number' && attempt >= 1 ? attempt : 1;
}

function failureIn(message: ConsumeMessage): Failure {
  const written: unknown = message.properties.headers?.[FAILURE];
  const failure = typeof written === 'string' ? parseFailure(written) : undefined;
  if (failure) return failure;
  // Not ours: the broker's delivery limit, after consumers that died with the message in hand.
  return {
    reason: message.properties.headers?.['x-first-death-reason'] ?? 'unknown',
    errorClass: 'BrokerDeadLetter',
    errorMessage: 'the broker gave up on it: its consumers kept losing their connection',
    fingerprint: 'broker',
    attempts: attemptOf(message),
  };
}
