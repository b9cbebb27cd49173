import { cloudEventSchema, type CloudEvent, type EventDefinition } from '@hornbook/contracts';
import { isConnectionFailure, queryRows, type Database, type Tx } from '@hornbook/database';
import { context, SpanKind, SpanStatusCode, trace, type Span } from '@opentelemetry/api';
import { setTimeout as delay } from 'node:timers/promises';
import { runInFlow } from '../flow-context.js';
import type { MessagingSettings } from '../messaging-options.js';
import { InvalidMessageError, PermanentError } from '../messaging.errors.js';
import { metrics } from '../telemetry/metrics.js';
import { remoteContext, traceparentOf } from '../telemetry/traceparent.js';
import type { Delivery, Disposition } from '../transport/message-transport.js';
import { failureOf } from './failure.js';
import { refuseFailedTransaction } from './failed-transaction.js';
import { MessageContext } from './message-context.js';
import { MessageGroups } from './message-groups.js';

/** A consumer as the processor sees it. */
export interface Consumer {
  readonly name: string;
  readonly event: EventDefinition;
  readonly handle: (data: unknown, message: MessageContext) => Promise<unknown>;
}

type Outcome = 'done' | 'duplicate';

/** A delivery that could be read. */
interface Message {
  readonly event: CloudEvent;
  readonly data: unknown;
  readonly attempt: number;
}

/** A message is held in hand this long while the database is away; then it waits in a retry queue instead. */
const LONGEST_HOLD_MS = 600_000;
/**
 * A handler's own refused connection looks like the database's. So after a few cuts the database is asked, and when
 * it answers they count as failures of the handler.
 */
const UNCOUNTED_CUTS = 3;
const MAX_HOLD_PAUSE_MS = 5_000;

/**
 * Turns deliveries into effects, each once: inbox row and handler in one transaction, settled after its commit.
 * Messages of one consumer that wait at the same time share a transaction; when any of them fails it is rolled back
 * and each is tried in one of its own, so that only the failing one bears its failure.
 * Every failure ends in a decision that keeps the message: again, later, or parked.
 */
export class MessageProcessor {
  private readonly tracer = trace.getTracer('@hornbook/messaging');
  private readonly stopping = new AbortController();
  private readonly groups = new Map<string, MessageGroups<Message, Outcome>>();

  constructor(
    private readonly database: Database,
    private readonly settings: Pick<MessagingSettings, 'retryDelaysMs' | 'immediateRetries' | 'logger'>,
  ) {}

  /** Messages that wait for the database are given back from now on; those that run are finished. */
  stop(): void {
    this.stopping.abort();
  }

  /** Handles one delivery and says what to do with it. Does not reject. */
  async process(consumer: Consumer, delivery: Delivery): Promise<Disposition> {
    const endTimer = metrics.handling.startTimer({ consumer: consumer.name });
    const { disposition, outcome } = await this.decide(consumer, delivery);
    endTimer();
    metrics.consumed.inc({ consumer: consumer.name, outcome });
    return disposition;
  }

  private async decide(
    consumer: Consumer,
    delivery: Delivery,
  ): Promise<{ disposition: Disposition; outcome: string }> {
    let message: Message;
    try {
      message = { ...parse(consumer.event, delivery.body), attempt: delivery.attempt };
    } catch (error) {
      return {
        disposition: { kind: 'park', failure: failureOf(error, 'invalid', delivery.attempt) },
        outcome: 'parked',
      };
    }
    const since = performance.now();
    let failures = 0;
    let cuts = 0;
    let work = (): Promise<Outcome | undefined> => this.together(consumer, message);
    for (let pauseMs = 100; ;) {
      try {
        const outcome = await work();
        work = () => this.alone(consumer, message);
        if (outcome === undefined) continue;
        return { disposition: { kind: 'done' }, outcome };
      } catch (error) {
        work = () => this.alone(consumer, message);
        if (isConnectionFailure(error) && (cuts++ < UNCOUNTED_CUTS || (await this.isDatabaseAway()))) {
          // Not the message's fault: it keeps its attempts and holds its place in hand, which pauses the consumer.
          const held = await this.hold(pauseMs, since);
          if (held === 'release') return { disposition: { kind: 'release' }, outcome: 'released' };
          if (held === 'later') return { disposition: this.laterUncounted(delivery), outcome: 'retried' };
          pauseMs = Math.min(MAX_HOLD_PAUSE_MS, pauseMs * 2);
          continue;
        }
        if (!(error instanceof PermanentError) && failures++ < this.settings.immediateRetries) continue;
        return this.giveUp(consumer, delivery, error);
      }
    }
  }

  private giveUp(
    consumer: Consumer,
    { attempt }: Delivery,
    error: unknown,
  ): { disposition: Disposition; outcome: string } {
    const delayMs = this.settings.retryDelaysMs[attempt - 1];
    if (error instanceof PermanentError || delayMs === undefined) {
      const failure = failureOf(error, error instanceof PermanentError ? 'permanent' : 'exhausted', attempt);
      this.settings.logger.error(
        `${consumer.name}: parked after attempt ${String(attempt)}: ${failure.errorMessage}`,
      );
      return { disposition: { kind: 'park', failure }, outcome: 'parked' };
    }
    this.settings.logger.warn(`${consumer.name}: attempt ${String(attempt)} failed: ${String(error)}`);
    return { disposition: { kind: 'retry', delayMs, attempt: attempt + 1 }, outcome: 'retried' };
  }

  private laterUncounted(delivery: Delivery): Disposition {
    const delayMs = this.settings.retryDelaysMs[0];
    return delayMs === undefined
      ? { kind: 'release' }
      : { kind: 'retry', delayMs, attempt: delivery.attempt };
  }

  private async hold(pauseMs: number, since: number): Promise<'again' | 'later' | 'release'> {
    if (performance.now() - since > LONGEST_HOLD_MS) return 'later';
    await delay(pauseMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    return this.stopping.signal.aborted ? 'release' : 'again';
  }

  private async isDatabaseAway(): Promise<boolean> {
    return this.database.query('SELECT 1').then(
      () => false,
      (error: unknown) => isConnectionFailure(error),
    );
  }

  /** @returns undefined when the group failed and the message has to be tried alone */
  private async together(consumer: Consumer, message: Message): Promise<Outcome | undefined> {
    let groups = this.groups.get(consumer.name);
    if (!groups) {
      groups = new MessageGroups((messages) => this.once(consumer, messages));
      this.groups.set(consumer.name, groups);
    }
    return groups.join(message);
  }

  private async alone(consumer: Consumer, message: Message): Promise<Outcome> {
    const [outcome] = await this.once(consumer, [message]);
    return outcome ?? 'done';
  }

  /**
   * Inbox rows and handlers of some messages in one transaction.
   * After a commit of unknown outcome the next attempt comes here too, and the inbox knows.
   */
  private once(consumer: Consumer, messages: readonly Message[]): Promise<Outcome[]> {
    return this.database.transaction(async (tx) => {
      // Sorted, so that two processes which got the same messages wait for each other in one order only.
      const ids = messages.map(({ event }) => event.id).sort();
      const rows = await queryRows<{ message_id: string }>(
        tx,
        `INSERT INTO inbox (consumer, message_id) SELECT $1, unnest($2::uuid[])
         ON CONFLICT DO NOTHING RETURNING message_id`,
        [consumer.name, ids],
      );
      const fresh = new Set(rows.map((row) => row.message_id));
      const outcomes: Outcome[] = [];
      for (const message of messages) {
        // Removed as it is handled: the same message may be in the group twice.
        const isFresh = fresh.delete(message.event.id.toLowerCase());
        if (isFresh) await this.handle(tx, consumer, message);
        outcomes.push(isFresh ? 'done' : 'duplicate');
      }
      return outcomes;
    });
  }

  private async handle(tx: Tx, consumer: Consumer, { event, data, attempt }: Message): Promise<void> {
    const parent = remoteContext(event.traceparent);
    const span = this.tracer.startSpan(
      `process ${event.type}`,
      {
        kind: SpanKind.CONSUMER,
        attributes: {
          'messaging.operation.type': 'process',
          'messaging.destination.name': event.type,
          'messaging.message.id': event.id,
          'messaging.consumer.group.name': consumer.name,
        },
      },
      parent,
    );
    const traceparent = traceparentOf(span) ?? event.traceparent;
    const flow = {
      correlationId: event.correlationid ?? event.id,
      causationId: event.id,
      ...(traceparent === undefined ? {} : { traceparent }),
    };
    try {
      await context.with(trace.setSpan(parent, span), () =>
        runInFlow(flow, () => consumer.handle(data, new MessageContext(tx, event, attempt, consumer.name))),
      );
      await refuseFailedTransaction(tx);
    } catch (error) {
      recordError(span, error);
      throw error;
    } finally {
      span.end();
    }
  }
}

function parse(definition: EventDefinition, body: string): { event: CloudEvent; data: unknown } {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw new InvalidMessageError('the body is not JSON');
  }
  const event = cloudEventSchema.safeParse(json);
  if (!event.success) throw new InvalidMessageError(`not a CloudEvent: ${event.error.message}`);
  if (event.data.type !== definition.name) {
    throw new InvalidMessageError(
      `unexpected type ${event.data.type}, this consumer takes ${definition.name}`,
    );
  }
  const data = definition.data.safeParse(event.data.data);
  if (!data.success) throw new InvalidMessageError(`data of ${definition.name}: ${data.error.message}`);
  return { event: event.data, data: data.data };
}

function recordError(span: Span, error: unknown): void {
  span.recordException(error instanceof Error ? error : String(error));
  span.setStatus({ code: SpanStatusCode.ERROR });
}
