import { z } from 'zod';

/** One event on its way out: a CloudEvent in structured JSON mode. */
export interface OutgoingMessage {
  /** UUIDv7, unchanged on retry, redrive and resend. */
  readonly id: string;
  /** Event name; decides which consumers get it. */
  readonly event: string;
  /** The envelope, serialised. */
  readonly body: string;
}

/**
 * What became of a publish.
 * - `confirmed`: the broker has stored it for every consumer of the event.
 * - `unroutable`: nobody consumes the event, so nothing was stored.
 * - `rejected`: the broker refused it (nack).
 * - `unavailable`: no connection, or no answer in time; the broker may or may not have it.
 */
export type PublishOutcome =
  | { readonly kind: 'confirmed' }
  | { readonly kind: 'unroutable' | 'rejected' | 'unavailable'; readonly error: string };

const failureSchema = z.object({
  /** `invalid`, `permanent`, `exhausted`; `delivery_limit` when the broker itself gave up. */
  reason: z.string(),
  errorClass: z.string(),
  errorMessage: z.string(),
  /** Groups failures of one cause: error class and first frame of our own code. */
  fingerprint: z.string(),
  attempts: z.number(),
});

/** Why a message was parked; travels with it to the dead-letter queue as JSON. */
export type Failure = Readonly<z.output<typeof failureSchema>>;

/** Reads a failure as it travelled; undefined when it is not one of ours. */
export function parseFailure(json: string): Failure | undefined {
  try {
    return failureSchema.safeParse(JSON.parse(json)).data;
  } catch {
    return undefined;
  }
}

/** One message handed to a consumer. */
export interface Delivery {
  readonly body: string;
  /** 1 on the first delivery; counts delayed retries, not redeliveries after a crash. */
  readonly attempt: number;
}

/** One message handed to the keeper of dead letters. */
export interface DeadDelivery {
  readonly body: string;
  readonly failure: Failure;
}

/**
 * What the transport shall do with a delivery.
 * - `done`: settle it.
 * - `retry`: deliver again after `delayMs`, with that attempt number.
 * - `park`: move to the consumer's dead-letter queue.
 * - `release`: give back untouched, because the process stops.
 */
export type Disposition =
  | { readonly kind: 'done' | 'release' }
  | { readonly kind: 'retry'; readonly delayMs: number; readonly attempt: number }
  | { readonly kind: 'park'; readonly failure: Failure };

/** One consumer's queue and the functions that work on it. */
export interface Subscription {
  /** Queue name without namespace: `<service>.<consumer>.v1`. */
  readonly queue: string;
  readonly event: string;
  /** Most messages in hand at once. */
  readonly prefetch: number;
  /** Must not reject; a rejection leaves the message with the broker, to be delivered again. */
  readonly onMessage: (delivery: Delivery) => Promise<Disposition>;
  /** Stores a dead letter; the transport settles it when this resolves and delivers it again when it rejects. */
  readonly onDeadLetter: (dead: DeadDelivery) => Promise<void>;
}

/** State of a transport as `/health` shows it. */
export interface TransportHealth {
  readonly ok: boolean;
  /** Safe to show: never a URL or a password. */
  readonly detail: string;
}

/**
 * The broker as the rest of the library sees it. Delivery is at least once; a message is settled only after its
 * successor (retry, dead letter) is stored, so a crash in between repeats it and loses nothing.
 * Nothing is buffered here: the outbox is the buffer.
 */
export abstract class MessageTransport {
  /** Starts connecting and keeps doing so; resolves without waiting for the broker. Safe to repeat. */
  abstract start(): Promise<void>;
  /** Called each time the broker becomes reachable; the relay does not wait for its poll then. */
  abstract onAvailable(listener: () => void): void;
  /** Publishes all at once and answers one outcome per message, in order. Never rejects. */
  abstract publish(messages: readonly OutgoingMessage[]): Promise<PublishOutcome[]>;
  /** Puts one message into one consumer's queue, past the bindings: for redrives. Never rejects. */
  abstract deliver(queue: string, message: OutgoingMessage): Promise<PublishOutcome>;
  /** Declares queue, dead-letter queue and binding, and starts consuming; kept up over reconnects. */
  abstract subscribe(subscription: Subscription): Promise<void>;
  /** Takes no further message and resolves when those in hand are settled. Safe to repeat. */
  abstract stopConsuming(): Promise<void>;
  /** Ends every connection. Safe to repeat. */
  abstract close(): Promise<void>;
  abstract health(): Promise<TransportHealth>;

  /**
   * Stands by at a queue of calls: each call reaches one of those who do, here by `onCall`. A call says that there is
   * something to be looked for, and nothing else; it may get lost. Kept up over reconnects, until `stopConsuming`. Over
   * a broker that has nothing of the kind nobody is ever called.
   */
  standBy(_queue: string, _onCall: () => void): Promise<void> {
    return Promise.resolve();
  }

  /** Calls one of those who stand by. Waits for nothing, fails at nothing. */
  call(_queue: string): void {
    // Nobody stands by.
  }

  /** How many processes stand by, as the broker knows; undefined when it cannot be asked. */
  standingBy(_queue: string): Promise<number | undefined> {
    return Promise.resolve(undefined);
  }
}

/** Name of a consumer's queue, without the namespace. The version changes when the queue's arguments do. */
export function queueNameOf(service: string, consumer: string): string {
  return `${service}.${consumer}.v1`;
}
