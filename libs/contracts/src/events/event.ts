import { z } from 'zod';

/**
 * A kind of event: its literal name (with version), what its `data` holds, and one example that the tests and the
 * event catalogue use. A changed shape is a new version beside the old one, never an edit.
 */
export interface EventDefinition<Name extends string = string, Data extends z.ZodType = z.ZodType> {
  /** CloudEvents `type`; also the routing key: `[<area>.]<noun>.<past participle>.v<N>`. */
  readonly name: Name;
  readonly description: string;
  readonly data: Data;
  readonly example: z.output<Data>;
  /**
   * An announcement: nobody in the platform has to hear it, so it is sent although nobody consumes it. Any other event
   * waits in the outbox until somebody does, and holds back the later ones of its key.
   */
  readonly mayBeUnheard?: true;
}

/** What handlers of an event receive. */
export type EventData<Event extends EventDefinition> = z.output<Event['data']>;

/** Declares an event; the example is checked against the schema at compile time. */
export function defineEvent<const Name extends string, Data extends z.ZodType>(
  definition: EventDefinition<Name, Data>,
): EventDefinition<Name, Data> {
  return definition;
}

/**
 * The envelope on the wire: CloudEvents 1.0 in structured JSON mode (`application/cloudevents+json`), with the
 * distributed-tracing extension (`traceparent`) and two extensions of our own.
 */
export const cloudEventSchema = z.object({
  specversion: z.literal('1.0'),
  /** UUIDv7; the identity that every inbox deduplicates on. Kept on retry, redrive and resend. */
  id: z.uuid(),
  /** The service that wrote it, e.g. `/content-import`. */
  source: z.string().min(1),
  type: z.string().min(1),
  /** Ordering key, usually the aggregate's id: events with one key leave in commit order. */
  subject: z.string().min(1),
  time: z.iso.datetime(),
  datacontenttype: z.literal('application/json'),
  data: z.unknown(),
  /** W3C Trace Context of the request that caused the event. */
  traceparent: z.string().optional(),
  /** Constant along a whole flow: the first request's id. */
  correlationid: z.string().optional(),
  /** Id of the event whose handler wrote this one. */
  causationid: z.string().optional(),
});

/** A parsed envelope; `data` is still unchecked. */
export type CloudEvent = z.output<typeof cloudEventSchema>;
