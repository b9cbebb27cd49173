import { Counter, Gauge, Histogram } from 'prom-client';
import { errorTypes, type ErrorType } from './batches/outcome.js';

// Names are those of seed 000, section 8.1; the alert rules of docs/alerts read them.
const success = new Counter({ name: 'export_success_total', help: 'Batches confirmed by the platform.' });
const failure = new Counter({
  name: 'export_failure_total',
  help: 'Entries made in export_failures, by error type.',
  labelNames: ['error_type'],
});
const dialogues = new Counter({
  name: 'export_dialogues_total',
  help: 'Dialogues confirmed by the platform.',
});
const latency = new Gauge({
  name: 'export_latency_seconds',
  help: 'Last settled batch: from its first send to its confirmation or failure, waits included.',
});
const duration = new Histogram({
  name: 'export_duration_seconds',
  help: 'Batches: from the first send to confirmation or failure, waits included.',
  buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800],
});
const batchSize = new Gauge({
  name: 'export_batch_size',
  help: 'Dialogues in the batch that was made last. Above 50 is a fault of the exporter.',
});
const unconfirmed = new Gauge({
  name: 'export_unconfirmed_batches',
  help: 'Batches that are neither confirmed nor failed.',
});
const oldest = new Gauge({
  name: 'export_oldest_unconfirmed_seconds',
  help: 'Age of the oldest unconfirmed batch; 0 without one.',
});
const openFailures = new Gauge({
  name: 'export_failures_unresolved',
  help: 'Entries of export_failures that wait for a person.',
});
const paused = new Gauge({ name: 'export_paused', help: '1 while exporting is paused.' });
const circuitOpen = new Gauge({
  name: 'export_circuit_open',
  help: '1 while this process sends nothing because the platform cannot be reached.',
});

// A counter that appears with its first increment has no earlier sample, and increase() never sees that increment.
for (const errorType of errorTypes) failure.inc({ error_type: errorType }, 0);

/** How a batch ended. */
export interface Settled {
  readonly firstSentAt: Date | null;
  readonly dialogues: number;
}

function observe({ firstSentAt }: Settled): void {
  if (!firstSentAt) return;
  const seconds = Math.max(0, (Date.now() - firstSentAt.getTime()) / 1000);
  latency.set(seconds);
  duration.observe(seconds);
}

/** Counts a confirmed batch. */
export function countConfirmed(batch: Settled): void {
  success.inc();
  dialogues.inc(batch.dialogues);
  observe(batch);
}

/** Counts entries made in `export_failures`. */
export function countFailures(errorType: ErrorType, entries: number, batch: Settled): void {
  failure.inc({ error_type: errorType }, entries);
  observe(batch);
}

/** Notes the size of a new batch. */
export function noteBatchSize(size: number): void {
  batchSize.set(size);
}

/** What only the database knows; the same on every replica. */
export interface Backlog {
  readonly unconfirmed: number;
  readonly oldestSeconds: number;
  readonly openFailures: number;
  readonly paused: boolean;
}

/** Brings the gauges up to date. */
export function setBacklog(backlog: Backlog): void {
  unconfirmed.set(backlog.unconfirmed);
  oldest.set(backlog.oldestSeconds);
  openFailures.set(backlog.openFailures);
  paused.set(backlog.paused ? 1 : 0);
}

/** Shows whether this process sends. */
export function setCircuit(standing: 'open' | 'closed'): void {
  circuitOpen.set(standing === 'open' ? 1 : 0);
}
