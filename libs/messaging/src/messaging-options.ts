import type { Database } from '@hornbook/database';

/** RabbitMQ, the broker of production. */
export interface RabbitmqTransportOptions {
  readonly kind: 'rabbitmq';
  /** `amqp://user:password@host:port/vhost` */
  readonly url: string;
  /** AMQP heartbeat; a silent peer is dropped after about two of them. Default 10. */
  readonly heartbeatSeconds?: number;
  /** Longest wait for a publisher confirm. Default 10,000. */
  readonly confirmTimeoutMs?: number;
}

/** Queues in Postgres (pg-boss), for laptops and small installations. */
export interface PostgresTransportOptions {
  readonly kind: 'postgres';
  /** A role that owns `schema`; every service uses the same one, as they would one broker. */
  readonly url: string;
  /** Where pg-boss keeps its tables. Default: the URL's user name. */
  readonly schema?: string;
  /** How long a worker may be silent before its messages go to another. Default 15. */
  readonly visibilitySeconds?: number;
}

/** Which broker carries the events. */
export type TransportOptions = RabbitmqTransportOptions | PostgresTransportOptions;

/** How the relay reads the outbox. */
export interface RelayOptions {
  /** Pause between looks at the outbox when nothing nudges. Default 250. */
  readonly pollMs?: number;
  /** Most rows in one look. Default 200. */
  readonly batch?: number;
  /** How long a silent relay keeps the others out. Default 5,000. */
  readonly leaseMs?: number;
}

/** Where warnings and errors go; Nest's `Logger` and pino's fit. */
export interface MessagingLogger {
  warn(message: string): void;
  error(message: string): void;
}

/** What `MessagingModule.forRoot` takes. */
export interface MessagingOptions {
  /** The service's name as in `apps/`, e.g. `content-import`. */
  readonly service: string;
  readonly transport: TransportOptions;
  /** Default: the provider of class `Database`. */
  readonly database?: Database;
  /** Prefix of every exchange and queue, so that several platforms can share a broker. Default `hornbook`. */
  readonly namespace?: string;
  /** One delay per retry after the immediate ones; the next failure parks. Default 5 s, 30 s, 5 min, 30 min. */
  readonly retryDelaysMs?: readonly number[];
  /** Retries in process, without delay, on every delivery. Default 2. */
  readonly immediateRetries?: number;
  readonly relay?: RelayOptions;
  /** How long sent events can be sent again. Default 14. */
  readonly outboxRetentionDays?: number;
  /** How long a repeated delivery is recognised. Longer than any retry, resend or redrive. Default 14. */
  readonly inboxRetentionDays?: number;
  readonly logger?: MessagingLogger;
}

/** `MessagingOptions` with every default filled in. */
export interface MessagingSettings {
  readonly service: string;
  readonly namespace: string;
  readonly transport: TransportOptions;
  readonly retryDelaysMs: readonly number[];
  readonly immediateRetries: number;
  readonly relay: Required<RelayOptions>;
  readonly outboxRetentionDays: number;
  readonly inboxRetentionDays: number;
  readonly logger: MessagingLogger;
}

/** Injection token of `MessagingSettings`. */
export const MESSAGING_SETTINGS = Symbol('MESSAGING_SETTINGS');

const silent: MessagingLogger = { warn: () => undefined, error: () => undefined };

/** Fills in the defaults. */
export function messagingSettings(options: MessagingOptions): MessagingSettings {
  return {
    service: options.service,
    namespace: options.namespace ?? 'hornbook',
    transport: options.transport,
    retryDelaysMs: options.retryDelaysMs ?? [5_000, 30_000, 300_000, 1_800_000],
    immediateRetries: options.immediateRetries ?? 2,
    relay: { pollMs: 250, batch: 200, leaseMs: 5_000, ...options.relay },
    outboxRetentionDays: options.outboxRetentionDays ?? 14,
    inboxRetentionDays: options.inboxRetentionDays ?? 14,
    logger: options.logger ?? silent,
  };
}
