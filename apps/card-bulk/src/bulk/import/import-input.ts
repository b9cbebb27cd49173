import { queryRows, type Tx } from '@hornbook/database';
import { taskInput, type RowError } from '@hornbook/tasks';
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

const FIRST_BYTES = 65_536;
/** Bytes that a UTF-16 unit has at most in UTF-8. */
const MOST_OF_A_UNIT = 3;
const [COMMA, OPEN, CLOSE] = [0x2c, 0x5b, 0x5d];

/**
 * Gathers a batch row by row. A row is bytes outside the heap at once: as strings the rows of a batch lived long enough to
 * be carried into the old generation, and collecting that was a tenth of all work of an import.
 */
export class BatchBuilder {
  private bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  private length = 0;
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
    this.reserve(row.json);
    this.bytes[this.length++] = this.good++ === 0 ? OPEN : COMMA;
    this.length += this.bytes.write(row.json, this.length);
    this.hasGivenIds ||= row.hasId;
  }

  /** The batch of all rows since the one before. */
  take(): BatchAtHand {
    const { good, failed, errors, hasGivenIds } = this;
    if (good === 0) this.bytes[this.length++] = OPEN;
    this.bytes[this.length++] = CLOSE;
    const json = this.bytes.subarray(0, this.length);
    // The next one is likely to be as large.
    this.bytes = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, this.length + (this.length >> 3)));
    [this.length, this.good, this.failed, this.errors, this.hasGivenIds] = [0, 0, 0, [], false];
    return { rows: { json }, good, failed, errors, hasGivenIds };
  }

  /** Makes room for a row and a character on either side of it. */
  private reserve(row: string): void {
    const free = this.bytes.length - this.length - 2;
    if (free >= row.length * MOST_OF_A_UNIT) return;
    const needed = Buffer.byteLength(row);
    if (free >= needed) return;
    const larger = Buffer.allocUnsafeSlow(2 * this.bytes.length + needed);
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}

/** Rows as a batch, checked and each good one with its id and place. */
export function batchOf(given: Iterable<GivenRow>, flags: Flags): BatchAtHand {
  const builder = new BatchBuilder();
  for (const row of given) builder.add(prepareRow(row, flags));
  return builder.take();
}

/** A batch as it is kept with its task: a text that says what there is, then the rows, which only the database reads. */
export function writeInput({ rows, ...head }: BatchAtHand): [head: string, rows: string] {
  return [JSON.stringify(head), rows.json.toString()];
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
