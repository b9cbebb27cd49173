import type { RowError } from '@hornbook/tasks';
import { failedRows, type PreparedRows } from './prepared-row.js';

/** One chunk of an import: the good rows as the database will read them, never parsed again on the way. */
export interface ImportBatch {
  /** JSON array of `PreparedRow`. */
  readonly rows: string;
  readonly good: number;
  readonly errors: readonly RowError[];
  /** How many rows of the input were bad. */
  readonly failed: number;
  readonly hasGivenIds: boolean;
}

interface Head {
  readonly good: number;
  readonly failed: number;
  readonly given: boolean;
  readonly errors: readonly RowError[];
}

/** Rows as a batch. */
export function toBatch({ rows, errors }: PreparedRows): ImportBatch {
  return {
    rows: `[${rows.map(({ json }) => json).join()}]`,
    good: rows.length,
    errors,
    failed: failedRows(errors),
    hasGivenIds: rows.some(({ hasId }) => hasId),
  };
}

/**
 * A batch as it is kept with its task: a line of JSON that says what there is, then the rows. A JSON text holds no
 * line break of its own.
 */
export function writeInput(batch: ImportBatch): string {
  const head: Head = {
    good: batch.good,
    failed: batch.failed,
    given: batch.hasGivenIds,
    errors: batch.errors,
  };
  return `${JSON.stringify(head)}\n${batch.rows}`;
}

/** A batch that `writeInput` wrote. */
export function readInput(text: string): ImportBatch {
  const end = text.indexOf('\n');
  const { good, failed, given, errors } = JSON.parse(text.slice(0, end)) as Head;
  return { rows: text.slice(end + 1), good, failed, errors, hasGivenIds: given };
}
