import type { Fault } from '@hornbook/contracts';
import type { RowError } from '@hornbook/tasks';
import type { CardRow } from '../../cards/card.schema.js';
import { cardFaults } from '../../cards/card-validator.js';
import { isToBePublished } from '../../cards/publish-rule.js';
import { slugOf } from '../../cards/slug.js';
import type { ReadableRow, UnreadableRow } from '../../formats/row.js';
import { newCardId } from './card-ids.js';
import type { ImportOptions } from './import-options.js';

/** Longest row that is kept with its error, UTF-16 units: all but the very greatest cards fit, and a page of them still fits into memory. */
const MAX_KEPT_ROW = 250_000;

/**
 * A row of an import as the storing statement reads it: the row as it was sent, and what we add to it. No member of a
 * card begins with `_`, so that neither can be taken for the other.
 */
export interface PreparedRow extends CardRow {
  /** 0-based position in the whole input. */
  readonly _n: number;
  readonly _line?: number;
  /** The card's id unless the row brought one of its own that is free. */
  readonly _id: string;
  /** Only of a card that is to be published. */
  readonly _slug?: string;
}

/** One row that can be stored: the JSON of a `PreparedRow`. */
export interface GoodRow {
  readonly json: string;
  /** Whether it brings an id of its own. */
  readonly hasId: boolean;
}

/** One row of a request, or of a file. */
export interface InputRow extends Pick<ReadableRow, 'index' | 'row' | 'json'> {
  readonly line?: number | undefined;
}

/** A row of a request, of a file, or one that could not be read there. */
export type GivenRow = InputRow | UnreadableRow;

/** Which cards are published. */
export type Flags = Pick<ImportOptions, 'publish_business' | 'publish_ideas'>;

/** Checks one row. @returns the row ready to be stored, or what is wrong with it */
export function prepareRow(input: GivenRow, flags: Flags): GoodRow | RowError[] {
  if ('faults' in input) return rowErrors({ ...input, row: input.text }, input.faults);
  const faults = cardFaults(input.row);
  if (faults) return rowErrors(input, faults);
  const { index, line, row, json = JSON.stringify(row) } = input;
  const { id, privacy_level, title, is_published } = row as CardRow;
  // An export that is read back says so when its card was not published; whoever says nothing leaves it to the flags.
  const isPublished = is_published !== false && isToBePublished(privacy_level ?? 'PRIVATE', flags);
  // The text as it came is what the database reads: taking it apart and writing it again would cost more than all else.
  const added = `{"_n":${index},"_id":"${newCardId()}"${line === undefined ? '' : `,"_line":${line}`}${
    isPublished ? `,"_slug":"${slugOf(title)}"` : ''
  },`;
  return { json: added + json.slice(json.indexOf('{') + 1), hasId: typeof id === 'string' };
}

/** Number of rows among errors: a row may have several. */
export function failedRows(errors: readonly RowError[]): number {
  return new Set(errors.map(({ index }) => index)).size;
}

/** Faults of one row as the task keeps them: the row itself with the first one only. */
export function rowErrors({ index, line, row }: InputRow, faults: readonly Fault[]): RowError[] {
  const title = titleOf(row);
  const text = jsonOf(row);
  return faults.map(({ field, error, code }, place) => ({
    index,
    line: line ?? null,
    field,
    code: code ?? 'invalid',
    message: error,
    row: place === 0 ? text : null,
    details: { title },
  }));
}

/** A row as text; null for one that is too long to keep or too deep to write. */
function jsonOf(row: unknown): string | null {
  try {
    const text = typeof row === 'string' ? row : (JSON.stringify(row) as string | undefined);
    return text === undefined || text.length > MAX_KEPT_ROW ? null : text;
  } catch (error) {
    // Nested deeper than the stack; nothing that is a card.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** The title of a row that may be anything, cut to what an error list has room for. */
export function titleOf(row: unknown): string {
  const title = typeof row === 'object' && row !== null ? (row as { title?: unknown }).title : undefined;
  return typeof title === 'string' ? title.slice(0, 100) : '';
}

/** The row behind a prepared one, to be reported with an error that only the database could see. */
export function rowOf({ _n, _line, _id: _, _slug: __, ...row }: PreparedRow): InputRow {
  return { index: _n, line: _line, row };
}
