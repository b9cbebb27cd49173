import { Counter, Gauge, Histogram, register, type Metric } from 'prom-client';

/** One metric per name and process, however many modules a test builds. */
function once<Kind extends Metric>(name: string, make: () => Kind): Kind {
  return (register.getSingleMetric(name) as Kind | undefined) ?? make();
}

function counter<Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> {
  return once(name, () => new Counter({ name, help, labelNames }));
}

function gauge<Label extends string>(name: string, help: string, labelNames: Label[]): Gauge<Label> {
  return once(name, () => new Gauge({ name, help, labelNames }));
}

/** What the library tells Prometheus, in prom-client's default registry. */
export const metrics = {
  outboxDepth: gauge('hornbook_outbox_depth', 'Events committed and not yet confirmed by the broker', [
    'service',
  ]),
  outboxOldest: gauge('hornbook_outbox_oldest_seconds', 'Age of the oldest unconfirmed event', ['service']),
  published: counter('hornbook_events_published_total', 'Events confirmed by the broker', ['event']),
  publishFailed: counter('hornbook_events_publish_failed_total', 'Publishes that were not confirmed', [
    'event',
    'outcome',
  ]),
  consumed: counter('hornbook_messages_consumed_total', 'Deliveries by outcome', ['consumer', 'outcome']),
  handling: once('hornbook_message_handling_seconds', () => {
    const buckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];
    const help = 'From delivery to commit, retries in process included';
    return new Histogram({
      name: 'hornbook_message_handling_seconds',
      help,
      labelNames: ['consumer'],
      buckets,
    });
  }),
  deadLetters: gauge('hornbook_dead_letters', 'Parked messages that wait for a decision', ['service']),
};
