import type { MessagingSettings } from '../messaging-options.js';
import type { MessageTransport } from './message-transport.js';
import { PostgresTransport } from './postgres/postgres-transport.js';
import { RabbitmqTransport } from './rabbitmq/rabbitmq-transport.js';

/** The transport that the options ask for; not started. */
export function createTransport(settings: MessagingSettings): MessageTransport {
  const { transport } = settings;
  if (transport.kind === 'rabbitmq') return new RabbitmqTransport(transport, settings);
  return new PostgresTransport(transport, settings);
}
