import { Counter } from 'prom-client';

/** What became of a bulk import that was asked for. */
export type ImportOutcome = 'imported' | 'duplicate' | 'in_progress' | 'failed' | 'dry_run';

const batches = new Counter({
  name: 'content_import_batches_total',
  help: 'Bulk imports by outcome; payloads that were refused as invalid are not counted.',
  labelNames: ['outcome'],
});

const rows = new Counter({
  name: 'content_import_rows_total',
  help: 'Rows stored by bulk imports.',
  labelNames: ['kind'],
});

/** Counts a bulk import. */
export function countImport(outcome: ImportOutcome): void {
  batches.inc({ outcome });
}

/** Counts what a bulk import stored. */
export function countRows({
  dialogues,
  phrases,
}: {
  readonly dialogues: number;
  readonly phrases: number;
}): void {
  rows.inc({ kind: 'dialogue' }, dialogues);
  rows.inc({ kind: 'phrase' }, phrases);
}
