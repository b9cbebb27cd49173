import type { Fault } from '@hornbook/contracts';
import type { RowError } from '@hornbook/tasks';
import { v7 as uuidv7 } from 'uuid';
import type { Card } from '../../cards/card.schema.js';
import { isFaulty, validateCard } from '../../cards/card-validator.js';
import { isToBePublished } from '../../cards/publish-rule.js';
import { slugOf } from '../../cards/slug.js';
import type { UnreadableRow } from '../../formats/row.js';
import type { ImportOptions } from './import-options.js';

/** Longest row that is kept with its error, UTF-16 units: a card of the greatest size fits. */
const MAX_KEPT_ROW = 1_000_000;

/** A row of an import as the storing statement reads it; what is absent is null there. */
export interface PreparedRow extends Partial<Omit<Card, 'id' | 'is_published' | 'published_url'>> {
  /** 0-based position in the whole input. */
  readonly n: number;
  readonly line?: number;
  /** The card's id unless the row brought one of its own that is free. */
  readonly id: string;
  readonly given_id?: string;
  /** Only of a card that is to be published. */
  readonly slug?: string;
}

/** Rows of one chunk: the good ones ready to be stored, the bad ones ready to be reported. */
export interface PreparedRows {
  readonly rows: PreparedRow[];
  readonly errors: RowError[];
  /** How many rows of the input they stand for. */
  readonly count: number;
}

/** One row of a request, or of a file. */
export interface InputRow {
  readonly index: number;
  readonly line?: number | undefined;
  readonly row: unknown;
}

/** A row of a request, of a file, or one that could not be read there. */
export type GivenRow = InputRow | UnreadableRow;

type Flags = Pick<ImportOptions, 'publish_business' | 'publish_ideas'>;

/** Checks rows and gives each good one its id and its place. */
export function prepareRows(given: Iterable<GivenRow>, flags: Flags): PreparedRows {
  const rows: PreparedRow[] = [];
  const errors: RowError[] = [];
  let count = 0;
  for (const input of given) {
    count++;
    if ('faults' in input) {
      errors.push(...rowErrors({ ...input, row: input.text }, input.faults));
      continue;
    }
    const card = validateCard(input.row);
    if (isFaulty(card)) errors.push(...rowErrors(input, card));
    else rows.push(prepare(input, card, flags));
  }
  return { rows, errors, count };
}

/** Number of rows among errors: a row may have several. */
export function failedRows(errors: readonly RowError[]): number {
  return new Set(errors.map(({ index }) => index)).size;
}

function prepare({ index, line, row }: InputRow, card: Card, flags: Flags): PreparedRow {
  const { id, is_published: _, published_url: __, tags, related_card_ids, metadata, ...plain } = card;
  // An export that is read back says so when its card was not published; whoever says nothing leaves it to the flags.
  const isKeptBack = (row as { is_published?: unknown }).is_published === false;
  const isPublished = !isKeptBack && isToBePublished(card.privacy_level, flags);
  const prepared: Record<string, unknown> = { n: index, id: uuidv7() };
  if (line !== undefined) prepared['line'] = line;
  if (id !== null) prepared['given_id'] = id;
  if (isPublished) prepared['slug'] = slugOf(card.title);
  if (tags.length > 0) prepared['tags'] = tags;
  if (related_card_ids.length > 0) prepared['related_card_ids'] = related_card_ids;
  if (metadata && Object.keys(metadata).length > 0) prepared['metadata'] = metadata;
  for (const [name, value] of Object.entries(plain)) if (value !== null) prepared[name] = value;
  return prepared as unknown as PreparedRow;
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
export function rowOf({ n, line, id: _, given_id, slug: __, ...card }: PreparedRow): InputRow {
  return { index: n, line, row: given_id === undefined ? card : { id: given_id, ...card } };
}
