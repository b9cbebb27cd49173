export {
  DeadLetters,
  type DeadLetter,
  type DeadLetterDetail,
  type RedriveTarget,
} from './dead-letters/dead-letters.js';
export { currentFlow, runInFlow, type FlowContext } from './flow-context.js';
export { Consumes, HandOnErrors, type ConsumesOptions } from './inbox/consumes.decorator.js';
export { MessageContext } from './inbox/message-context.js';
export type {
  MessagingLogger,
  MessagingOptions,
  PostgresTransportOptions,
  RabbitmqTransportOptions,
  RelayOptions,
  TransportOptions,
} from './messaging-options.js';
export { MessagingServer } from './messaging-server.js';
export { createMessagingTables, dropMessagingTables } from './messaging-tables.js';
export {
  BrokerUnavailableError,
  DeadLetterNotFoundError,
  InvalidMessageError,
  PermanentError,
  UnpublishableEventError,
} from './messaging.errors.js';
export { MessagingModule } from './messaging.module.js';
export { Messaging } from './messaging.js';
export { OutboxRelay, type RelayRun } from './outbox/outbox-relay.js';
export { Outbox, type EventMessage, type Within } from './outbox/outbox.js';
export { Retention } from './retention.js';
export { MessageTransport, type TransportHealth } from './transport/message-transport.js';
