import type { MessagingSettings } from '../messaging-options.js';
import type { MessageTransport } from './message-transport.js';

/**
 * The transport that the options ask for; not started. Only its own client library is loaded: the other one would
 * cost every service some 10 MB.
 */
export async function createTransport(settings: MessagingSettings): Promise<MessageTransport> {
  const { transport } = settings;
  if (transport.kind === 'rabbitmq') {
    const { RabbitmqTransport } = await import('./rabbitmq/rabbitmq-transport.js');
    return new RabbitmqTransport(transport, settings);
  }
  const { PostgresTransport } = await import('./postgres/postgres-transport.js');
  return new PostgresTransport(transport, settings);
}
