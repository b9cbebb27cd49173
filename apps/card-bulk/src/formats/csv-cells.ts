import type { Fault } from '@hornbook/contracts';
import type { Card, CardColumn } from '../cards/card.schema.js';
import { escapeFormula, unescapeFormula } from './formula.js';

/** A cell that cannot be read as its column's kind of value. */
export class UnreadableCell {
  constructor(readonly fault: Omit<Fault, 'field'>) {}
}

/** How one kind of member is written into a cell and read back. An empty cell is no value. */
interface CellKind {
  write(value: unknown): string;
  /** The same of what the database wrote of the value; without it, that is the cell already. */
  fromSource?: (source: string) => string;
  /** @param cell not empty */
  read(cell: string): unknown;
}

function quoted(cell: string): string {
  return JSON.stringify(cell.length > 40 ? `${cell.slice(0, 40)}…` : cell);
}

function parsed(cell: string, what: string): unknown {
  try {
    return JSON.parse(cell) as unknown;
  } catch {
    return new UnreadableCell({ error: `Value ${quoted(cell)} is no ${what} in JSON`, code: 'invalid_json' });
  }
}

/** Values that are invalid anyway (a report of faults shows them) are written as JSON. */
const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

const text: CellKind = { write: asText, read: (cell) => cell };

/** A JSON array of texts without anything that JSON or a list would have to escape: nearly all are. */
const plainWords = /^\["[\w-]+(?:","[\w-]+)*"\]$/;

/** `a,b`, or a JSON array where that would be read back as other items. */
const list: CellKind = {
  write(value) {
    if (!Array.isArray(value)) return asText(value);
    const isPlain = value.every(
      (item) => typeof item === 'string' && item !== '' && !item.includes(',') && item.trim() === item,
    );
    const joined = value.join(',');
    return isPlain && !joined.startsWith('[') ? joined : JSON.stringify(value);
  },
  fromSource(source) {
    if (source === '[]') return '';
    return plainWords.test(source)
      ? source.slice(2, -2).replaceAll('","', ',')
      : list.write(JSON.parse(source));
  },
  read: (cell) =>
    cell.trimStart().startsWith('[')
      ? parsed(cell, 'array')
      : cell
          .split(',')
          .map((item) => item.trim())
          .filter((item) => item !== ''),
};

const words: ReadonlyMap<string, boolean> = new Map([
  ['yes', true],
  ['true', true],
  ['1', true],
  ['no', false],
  ['false', false],
  ['0', false],
]);

/** `yes` and `no`, as the export of seed 002 writes them. */
const flag: CellKind = {
  write: (value) => (typeof value === 'boolean' ? (value ? 'yes' : 'no') : asText(value)),
  fromSource: (source) => (source === 't' ? 'yes' : 'no'),
  read: (cell) =>
    words.get(cell.trim().toLowerCase()) ??
    new UnreadableCell({
      error: `Value ${quoted(cell)} is not allowed (allowed: yes, no)`,
      code: 'invalid_value',
    }),
};

const json: CellKind = {
  write(value) {
    const written = JSON.stringify(value);
    return written === '{}' ? '' : written;
  },
  fromSource: (source) => (source === '{}' ? '' : source),
  read: (cell) => parsed(cell, 'object'),
};

const kinds: Readonly<Record<CardColumn, CellKind>> = {
  id: text,
  title: text,
  body: text,
  category: text,
  privacy_level: text,
  tags: list,
  source_platform: text,
  source_url: text,
  is_published: flag,
  published_url: text,
  created_at: text,
  published_at: text,
  updated_at: text,
  external_id: text,
  content_id: text,
  parent_card_id: text,
  related_card_ids: list,
  metadata: json,
};

/** Whether cells are escaped against spreadsheets when written, and taken back when read. */
export interface CellOptions {
  readonly escapeFormulas: boolean;
}

/** The content of a cell, not yet quoted. */
export function writeCell(
  column: CardColumn,
  value: Card[CardColumn] | undefined,
  { escapeFormulas }: CellOptions,
): string {
  if (value === null || value === undefined) return '';
  const cell = kinds[column].write(value);
  return escapeFormulas ? escapeFormula(cell) : cell;
}

/** What writes cells of a column, not yet quoted, from what the database wrote of a value that is not null. */
export function cellFromSource(
  column: CardColumn,
  { escapeFormulas }: CellOptions,
): (source: string) => string {
  const fromSource = kinds[column].fromSource ?? ((source: string) => source);
  return escapeFormulas ? (source) => escapeFormula(fromSource(source)) : fromSource;
}

/** The value in a cell that is not empty, or what keeps it from being read. Nothing else is checked here. */
export function readCell(column: CardColumn, cell: string, { escapeFormulas }: CellOptions): unknown {
  return kinds[column].read(escapeFormulas ? unescapeFormula(cell) : cell);
}

const special = /[",\r\n]/;
const spaced = /^[\s\ufeff]|\s$/;
/** Whether a character of ASCII is seen: no white space. */
const isSeen = (code: number): boolean => code > 0x20 && code < 0x7f;

/** Whether a cell could be misread. The ends are looked at first: searching a long text for one costs most of it. */
function needsQuotes(cell: string): boolean {
  if (special.test(cell)) return true;
  const hasPlainEnds = isSeen(cell.charCodeAt(0)) && isSeen(cell.charCodeAt(cell.length - 1));
  return !hasPlainEnds && spaced.test(cell);
}

/** A cell as it stands in a record: in quotes where it could be misread. */
export function quoteCell(cell: string): string {
  return needsQuotes(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
