import type { Fault } from '@hornbook/contracts';

/** A row that could be read; whether it is a card is for `validateCard` to say. */
export interface ReadableRow {
  /** Place among the rows of the file, from 0. Rows that cannot be read count. */
  readonly index: number;
  /** Physical line on which the row starts, from 1. */
  readonly line: number;
  readonly row: unknown;
  /** The row as JSON, where it came as that. */
  readonly json?: string;
}

/** A row that could not be read. The next one is not affected. */
export interface UnreadableRow {
  readonly index: number;
  readonly line: number;
  readonly faults: readonly Fault[];
  /** As it stands in the file; at most `MAX_EXCERPT` characters of it. */
  readonly text: string;
}

/** One row of a file. */
export type ReadRow = ReadableRow | UnreadableRow;

/** Longest text of a row that is kept for a report, in UTF-16 units. */
export const MAX_EXCERPT = 10_000;

/** Whether a row could not be read. */
export function isUnreadable(row: ReadRow): row is UnreadableRow {
  return 'faults' in row;
}
