import type { EventData, EventDefinition } from '@hornbook/contracts';
import { onCommit, queryRows, requireTransaction, type Database, type Tx } from '@hornbook/database';
import { SpanKind, trace, type Span } from '@opentelemetry/api';
import { v7 as uuidv7 } from 'uuid';
import { currentFlow, type FlowContext } from '../flow-context.js';
import { UnpublishableEventError } from '../messaging.errors.js';
import { traceparentOf } from '../telemetry/traceparent.js';

/** Brokers take more, but a message this size belongs in the file store. */
const MAX_DATA_BYTES = 1_000_000;
/** A row lock per key up to here; above it one lock for all, as the server's lock table is small and shared. */
const MANY = 64;

const LOCK_SPACE = `hashtext('outbox key ' || current_schema())`;
const BULK_LOCK = `hashtext('outbox bulk ' || current_schema()), 0`;

/*
 * The key's lock is taken before the identity id is drawn, in one statement, and held to the end of the transaction:
 * so the order of ids is the order of commits for each key. MATERIALIZED, or the planner might draw the id first.
 */
const INSERT_ONE = `
  WITH locked AS MATERIALIZED (
    SELECT pg_advisory_xact_lock_shared(${BULK_LOCK})::text, pg_advisory_xact_lock(${LOCK_SPACE}, hashtext($3))::text
  )
  INSERT INTO outbox (message_id, event, key, data, correlation_id, causation_id, traceparent, occurred_at)
  SELECT $1::uuid, $2, $3, $4::json, $5, $6, $7, $8::timestamptz FROM locked`;

function insertMany(locks: string): string {
  return `
  WITH input AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) WITH ORDINALITY
      AS input (message_id, key, data, correlation_id, causation_id, traceparent, position)
  ), locked AS MATERIALIZED (${locks})
  INSERT INTO outbox (message_id, event, key, data, correlation_id, causation_id, traceparent, occurred_at)
  SELECT message_id, $2, key, data::json, correlation_id, causation_id, traceparent, $8::timestamptz
  FROM input, (SELECT count(held) FROM locked) AS all_locked ORDER BY position`;
}

// Sorted, so that two transactions with the same keys do not deadlock.
const INSERT_SEVERAL = insertMany(`
    SELECT pg_advisory_xact_lock_shared(${BULK_LOCK})::text AS held
    UNION ALL
    SELECT pg_advisory_xact_lock(${LOCK_SPACE}, hash)::text
    FROM (SELECT DISTINCT hashtext(key) AS hash FROM input ORDER BY 1) AS hashes`);
const INSERT_MANY = insertMany(`SELECT pg_advisory_xact_lock(${BULK_LOCK})::text AS held`);

/** What is published: the ordering key, usually the aggregate's id, and the event's data. */
export interface EventMessage<Event extends EventDefinition> {
  readonly key: string;
  readonly data: EventData<Event>;
  /**
   * Runs work in the flow and the trace that the event belongs to. Default: those of the call. For a call that publishes
   * for several requests.
   */
  readonly within?: Within;
}

/** Runs work in some context, such as `AsyncLocalStorage.snapshot()` gives. */
export type Within = <Result>(work: () => Result) => Result;

/** What an event tells of where it comes from. */
interface Origin {
  readonly span: Span;
  readonly flow: FlowContext | undefined;
  readonly traceparent: string | null;
}

/**
 * The one way to publish. An event is a row written in the caller's transaction, so it leaves if and only if that
 * transaction commits; the relay sends it afterwards.
 */
export class Outbox {
  private readonly tracer = trace.getTracer('@hornbook/messaging');

  /** @param nudge wakes the relay; called after a commit that published */
  constructor(
    private readonly database: Database,
    private readonly nudge: () => void,
  ) {}

  /**
   * Publishes one event when `tx` commits. Holds a lock on the key until then: publish late in the transaction.
   * @returns the message id, UUIDv7
   * @throws UnpublishableEventError when the data breaks the event's schema or is over 1 MB; Error without an open transaction
   */
  async publish<Event extends EventDefinition>(
    tx: Tx,
    event: Event,
    message: EventMessage<Event>,
  ): Promise<string> {
    const [id] = await this.publishAll(tx, event, [message]);
    return id as string;
  }

  /**
   * Publishes many events of one kind in one statement, in the given order. Use it for more than a handful: it
   * takes the keys' locks in a fixed order, and above 64 events one lock for all.
   * @returns the message ids, in the given order
   */
  async publishAll<Event extends EventDefinition>(
    tx: Tx,
    event: Event,
    messages: readonly EventMessage<Event>[],
  ): Promise<string[]> {
    requireTransaction(tx, 'Outbox.publish');
    if (messages.length === 0) return [];
    const ofCall = messages.every(({ within }) => within) ? undefined : this.originOf(event);
    const origins = messages.flatMap(({ within }) => within?.(() => this.originOf(event)) ?? ofCall ?? []);
    try {
      const ids = messages.map(() => uuidv7());
      const keys = messages.map(({ key }) => key);
      const bodies = messages.map(({ data }) => serialise(event, data));
      const correlations = ids.map((id, place) => origins[place]?.flow?.correlationId ?? id);
      const causes = origins.map(({ flow }) => flow?.causationId ?? null);
      const traces = origins.map(({ traceparent }) => traceparent);
      const columns = [ids, keys, bodies, correlations, causes, traces];
      const isOne = messages.length === 1;
      const [id, ...others] = isOne ? columns.map(([only]) => only) : columns;
      const sql = isOne ? INSERT_ONE : messages.length > MANY ? INSERT_MANY : INSERT_SEVERAL;
      await queryRows(tx, sql, [id, event.name, ...others, new Date()]);
      onCommit(tx, this.nudge);
      return ids;
    } finally {
      for (const { span } of new Set(origins)) span.end();
    }
  }

  private originOf(event: EventDefinition): Origin {
    const span = this.tracer.startSpan(`create ${event.name}`, {
      kind: SpanKind.PRODUCER,
      attributes: { 'messaging.operation.type': 'create', 'messaging.destination.name': event.name },
    });
    const flow = currentFlow();
    return { span, flow, traceparent: traceparentOf(span) ?? flow?.traceparent ?? null };
  }

  /**
   * Makes every event that was confirmed since then unsent again, as after the broker lost its data. Consumers
   * recognise what they already had.
   * @returns how many will be sent again
   */
  async resend(since: Date): Promise<number> {
    const rows = await this.database.query<{ id: string }>(
      `UPDATE outbox SET published_at = NULL, attempts = 0, next_attempt_at = NULL, last_error = NULL
       WHERE published_at >= $1 RETURNING id`,
      [since],
    );
    this.nudge();
    return rows.length;
  }
}

function serialise(event: EventDefinition, data: unknown): string {
  const checked = event.data.safeParse(data);
  if (!checked.success) throw new UnpublishableEventError(`${event.name}: ${checked.error.message}`);
  // What was checked, not what was given: members that the schema does not know stay at home.
  const text = JSON.stringify(checked.data);
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_DATA_BYTES) {
    throw new UnpublishableEventError(
      `${event.name}: data of ${String(bytes)} bytes is over the limit of ${String(MAX_DATA_BYTES)}; put it in the file store and publish its key`,
    );
  }
  return text;
}
