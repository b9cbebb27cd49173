import { queryRows, type Tx } from '@hornbook/database';
import { taskInput, type RowError } from '@hornbook/tasks';
import { failedRows, type PreparedRow, type PreparedRows } from './prepared-row.js';
import type { GivenRows } from './store-cards.js';

/** One chunk of an import: the good rows as the database will read them, never parsed again on the way. */
export interface ImportBatch {
  readonly rows: GivenRows;
  readonly good: number;
  readonly errors: readonly RowError[];
  /** How many rows of the input were bad. */
  readonly failed: number;
  readonly hasGivenIds: boolean;
}

/** A batch whose rows are at hand. */
export interface TextBatch extends ImportBatch {
  readonly rows: { readonly text: string };
}

/** Rows as a batch. */
export function toBatch({ rows, errors }: PreparedRows): TextBatch {
  return {
    rows: { text: `[${rows.map(({ json }) => json).join()}]` },
    good: rows.length,
    errors,
    failed: failedRows(errors),
    hasGivenIds: rows.some(({ hasId }) => hasId),
  };
}

/** A batch as it is kept with its task: a text that says what there is, then the rows, which only the database reads. */
export function writeInput({ rows, ...head }: TextBatch): [head: string, rows: string] {
  return [JSON.stringify(head), rows.text];
}

/** Batch number `number` of a task that `writeInput` wrote; undefined after the last one. */
export async function readInput(
  taskId: string,
  number: number,
  input: (seq: number) => Promise<string | undefined>,
): Promise<ImportBatch | undefined> {
  const head = await input(2 * number);
  if (head === undefined) return undefined;
  return { ...(JSON.parse(head) as Omit<ImportBatch, 'rows'>), rows: { taskId, seq: 2 * number + 1 } };
}

/** The rows themselves, wherever they are: for the few batches that have to be looked into. */
export async function rowsOf(tx: Tx, { text, taskId, seq }: GivenRows): Promise<PreparedRow[]> {
  if (text !== undefined) return JSON.parse(text) as PreparedRow[];
  const [row] = await queryRows<{ rows: PreparedRow[] }>(
    tx,
    `SELECT ${taskInput('$1::uuid', '$2::integer')}::json AS rows`,
    [taskId, seq],
  );
  return row?.rows ?? [];
}
