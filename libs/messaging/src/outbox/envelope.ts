/** A row of the outbox as the relay reads it. */
export interface OutboxRow {
  /** bigint as text; rows leave in this order per key. */
  readonly id: string;
  readonly message_id: string;
  readonly event: string;
  readonly key: string;
  /** JSON text, sent as it was stored. */
  readonly data: string;
  readonly correlation_id: string;
  readonly causation_id: string | null;
  readonly traceparent: string | null;
  readonly occurred_at: Date;
}

/** The CloudEvent of a row in structured JSON mode; `data` is spliced in, not parsed and written again. */
export function envelopeOf(row: OutboxRow, service: string): string {
  const attributes = {
    specversion: '1.0',
    id: row.message_id,
    source: `/${service}`,
    type: row.event,
    subject: row.key,
    time: row.occurred_at.toISOString(),
    datacontenttype: 'application/json',
    correlationid: row.correlation_id,
    ...(row.causation_id === null ? {} : { causationid: row.causation_id }),
    ...(row.traceparent === null ? {} : { traceparent: row.traceparent }),
  };
  return `${JSON.stringify(attributes).slice(0, -1)},"data":${row.data}}`;
}
