import { queryRows, type Tx } from '@hornbook/database';
import { taskInput, type RowError } from '@hornbook/tasks';
import { TextBytes } from '../../formats/text-bytes.js';
import { prepareRow, type Flags, type GivenRow, type GoodRow, type PreparedRow } from './prepared-row.js';
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
export interface BatchAtHand extends ImportBatch {
  readonly rows: { readonly json: Buffer };
}

/** Gathers a batch row by row. */
export class BatchBuilder {
  private readonly bytes = new TextBytes();
  private good = 0;
  private failed = 0;
  private errors: RowError[] = [];
  private hasGivenIds = false;

  /** Adds what `prepareRow` made of a row. */
  add(row: GoodRow | readonly RowError[]): void {
    if (!('json' in row)) {
      this.failed++;
      this.errors.push(...row);
      return;
    }
    this.bytes.add(this.good++ === 0 ? '[' : ',');
    this.bytes.add(row.json);
    this.hasGivenIds ||= row.hasId;
  }

  /** The batch of all rows since the one before. */
  take(): BatchAtHand {
    const { bytes, good, failed, errors, hasGivenIds } = this;
    bytes.add(good === 0 ? '[]' : ']');
    [this.good, this.failed, this.errors, this.hasGivenIds] = [0, 0, [], false];
    return { rows: { json: bytes.take() }, good, failed, errors, hasGivenIds };
  }
}

/** Rows as a batch, checked and each good one with its id and place. */
export function batchOf(given: Iterable<GivenRow>, flags: Flags): BatchAtHand {
  const builder = new BatchBuilder();
  for (const row of given) builder.add(prepareRow(row, flags));
  return builder.take();
}

/** A batch as it is kept with its task: a text that says what there is, then the rows, which only the database reads. */
export function writeInput({ rows, ...head }: BatchAtHand): [head: string, rows: Buffer] {
  return [JSON.stringify(head), rows.json];
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
export async function rowsOf(tx: Tx, { json, taskId, seq }: GivenRows): Promise<PreparedRow[]> {
  if (json !== undefined) return JSON.parse(json.toString()) as PreparedRow[];
  const [row] = await queryRows<{ rows: PreparedRow[] }>(
    tx,
    `SELECT ${taskInput('$1::uuid', '$2::integer')}::json AS rows`,
    [taskId, seq],
  );
  return row?.rows ?? [];
}
