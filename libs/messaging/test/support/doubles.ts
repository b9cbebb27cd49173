import type { EventDefinition } from '@hornbook/contracts';
import type { Tx } from '@hornbook/database';
import type { OutboxRow } from '../../src/outbox/envelope.js';
import { envelopeOf } from '../../src/outbox/envelope.js';
import { OutboxRelay } from '../../src/outbox/outbox-relay.js';
import { OutboxStore } from '../../src/outbox/outbox-store.js';
import { Outbox, type EventMessage } from '../../src/outbox/outbox.js';
import type { Subscription } from '../../src/transport/message-transport.js';
import type { contract } from './contract.js';
import type { Parts } from './test-service.js';
import { WrappedTransport } from './wrapped-transport.js';

/** Settles by id alone, whoever holds the lease. */
class UnfencedStore extends OutboxStore {
  protected override fence(): string {
    return '$1::uuid IS NOT NULL AND $2::bigint IS NOT NULL';
  }
}

/** Sends a batch at once, whatever the keys. */
class KeyBlindRelay extends OutboxRelay {
  protected override plan(rows: OutboxRow[]): OutboxRow[][] {
    return [rows];
  }
}

/** Settles a message before its handler has run. */
class EagerTransport extends WrappedTransport {
  override subscribe(subscription: Subscription): Promise<void> {
    return this.real.subscribe({
      ...subscription,
      onMessage: (delivery) => {
        void subscription.onMessage(delivery);
        return Promise.resolve({ kind: 'done' });
      },
    });
  }
}

/** Where a double must be caught. */
export interface Double {
  readonly what: string;
  readonly breaks: keyof typeof contract;
  /** What the case complains of: a double that fails for another reason proves nothing. */
  readonly because: RegExp;
  readonly parts: Parts;
}

/** Plausible ways to get it wrong, each met in a real outbox. The contract is only worth something if it refuses them. */
export const doubles: readonly Double[] = [
  {
    what: 'a store without fencing',
    breaks: 'a relay that slept through its lease settles nothing',
    because: /null/,
    parts: { store: (database) => new UnfencedStore(database) },
  },
  {
    what: 'a relay that is blind to keys',
    breaks: 'events of one key leave in commit order, and a refused one holds back only its own key',
    because: /deep-equal/,
    parts: { relay: (store, transport, settings) => new KeyBlindRelay(store, transport, settings) },
  },
  {
    what: 'a consumer that acknowledges before the commit',
    breaks: 'a failing handler is retried, then parked; after the fix it is sent again',
    because: /dead letter/,
    parts: { transport: (real) => new EagerTransport(real) },
  },
  {
    what: 'a publisher that sends before the commit',
    breaks: 'an event leaves if and only if the transaction that wrote it commits',
    because: /deep-equal/,
    parts: {
      outbox: (database, relay, transport) => {
        class EarlyOutbox extends Outbox {
          override async publish<Event extends EventDefinition>(
            tx: Tx,
            event: Event,
            message: EventMessage<Event>,
          ): Promise<string> {
            const id = await super.publish(tx, event, message);
            const row = {
              id: '0',
              message_id: id,
              event: event.name,
              key: message.key,
              data: JSON.stringify(message.data),
            };
            const rest = {
              correlation_id: id,
              causation_id: null,
              traceparent: null,
              occurred_at: new Date(),
            };
            await transport.publish([
              { id, event: event.name, body: envelopeOf({ ...row, ...rest }, 'alpha') },
            ]);
            return id;
          }
        }
        return new EarlyOutbox(database, () => {
          relay.nudge();
        });
      },
    },
  },
];
