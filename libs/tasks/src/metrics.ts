import { Counter, Gauge, Histogram, register, type Metric } from 'prom-client';

/** One metric per name and process, however many workers a test builds. */
function once<Kind extends Metric>(name: string, make: (name: string) => Kind): Kind {
  return (register.getSingleMetric(name) as Kind | undefined) ?? make(name);
}

/** What the library tells Prometheus, in prom-client's default registry. */
export const metrics = {
  held: once(
    'hornbook_tasks_held',
    (name) => new Gauge({ name, help: 'Tasks that this process works on in turn' }),
  ),
  finished: once(
    'hornbook_tasks_finished_total',
    (name) => new Counter({ name, help: 'Tasks that have ended', labelNames: ['kind', 'status'] }),
  ),
  chunkSeconds: once(
    'hornbook_task_chunk_seconds',
    (name) =>
      new Histogram({
        name,
        help: 'Time of one chunk, reading and commit included',
        labelNames: ['kind'],
        buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      }),
  ),
};
