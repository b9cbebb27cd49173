import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { cardColumns, type Card, type CardColumn } from '../cards/card.schema.js';
import { cellFromSource, quoteCell, writeCell } from './csv-cells.js';
import { markdownOf, MARKDOWN_SEPARATOR } from './markdown.js';

/** Formats of an export. */
export const exportFormats = ['json', 'ndjson', 'csv', 'markdown'] as const;
/** Format of an export. */
export type ExportFormat = (typeof exportFormats)[number];

/** A card as it is exported: members that are not there are left out, or are empty cells. */
export type ExportedCard = { readonly [Column in CardColumn]?: Card[Column] };

/** Cells of one card as the database writes them: the columns in their order, JSON of what is more than a text. */
export type CellSources = readonly (string | null)[];

/**
 * Writes cards as text, batch by batch. It keeps nothing between the calls, so that parts of a file may be written by
 * several processes: head, any number of batches, tail.
 */
export interface CardWriter {
  /** Media type of the whole. */
  readonly contentType: string;
  /** Of a file's name, without a dot. */
  readonly extension: string;
  head(): string;
  /** @param isFirst whether no card was written before these */
  batch(cards: readonly ExportedCard[], isFirst: boolean): string;
  /** Of formats that are JSON: `batch` of one card that is a text already, with these columns in their order. */
  ofText?(card: string, isFirst: boolean): string;
  /** Of formats that are cells: `batch` of one card as the database writes its columns, its white space in JSON kept. */
  ofCells?(card: CellSources): string;
  tail(): string;
}

/** What a writer can be told. */
export interface WriteOptions {
  /** Members to write, always in the order of `cardColumns`. Default: all. */
  readonly columns?: readonly CardColumn[];
  /** Of CSV: whether cells are kept from being run by a spreadsheet. Default true. */
  readonly escapeFormulas?: boolean;
  /** Of CSV: whether a byte order mark tells Excel that the file is UTF-8. Default false. */
  readonly byteOrderMark?: boolean;
}

const CRLF = '\r\n';

function picker(columns: readonly CardColumn[]): (card: ExportedCard) => string {
  return (card) => {
    const picked: Record<string, unknown> = {};
    // Members in one order whatever the source, so that equal cards are equal bytes.
    for (const column of columns) picked[column] = card[column];
    return JSON.stringify(picked);
  };
}

function jsonWriter(columns: readonly CardColumn[]): CardWriter {
  const stringify = picker(columns);
  const ofText = (card: string, isFirst: boolean): string => `${isFirst ? '' : ','}\n${card}`;
  return {
    contentType: 'application/json',
    extension: 'json',
    head: () => '[',
    batch: (cards, isFirst) =>
      cards.map((card, place) => ofText(stringify(card), isFirst && place === 0)).join(''),
    ofText,
    tail: () => '\n]\n',
  };
}

function ndjsonWriter(columns: readonly CardColumn[]): CardWriter {
  const stringify = picker(columns);
  return {
    contentType: 'application/x-ndjson',
    extension: 'ndjson',
    head: () => '',
    batch: (cards) => cards.map((card) => `${stringify(card)}\n`).join(''),
    ofText: (card) => `${card}\n`,
    tail: () => '',
  };
}

function csvWriter(
  columns: readonly CardColumn[],
  { escapeFormulas = true, byteOrderMark = false }: WriteOptions,
): CardWriter {
  const [first, ...others] = columns;
  const cell = (card: ExportedCard, column: CardColumn): string =>
    quoteCell(writeCell(column, card[column], { escapeFormulas }));
  const record = (card: ExportedCard): string => {
    let text = first ? cell(card, first) : '';
    for (const column of others) text += `,${cell(card, column)}`;
    return text + CRLF;
  };
  const writers = columns.map((column) => cellFromSource(column, { escapeFormulas }));
  const ofCells = (card: CellSources): string => {
    let text = '';
    let separator = '';
    let place = 0;
    for (const cell of card) {
      const write = writers[place++];
      text += cell === null || !write ? separator : separator + quoteCell(write(cell));
      separator = ',';
    }
    return text + CRLF;
  };
  return {
    contentType: 'text/csv; charset=utf-8; header=present',
    extension: 'csv',
    head: () => `${byteOrderMark ? '\ufeff' : ''}${columns.join(',')}${CRLF}`,
    batch: (cards) => cards.map(record).join(''),
    ofCells,
    tail: () => '',
  };
}

const markdownWriter: CardWriter = {
  contentType: 'text/markdown; charset=utf-8',
  extension: 'md',
  head: () => '',
  batch: (cards, isFirst) =>
    cards.length === 0
      ? ''
      : `${isFirst ? '' : MARKDOWN_SEPARATOR}${cards.map(markdownOf).join(MARKDOWN_SEPARATOR)}`,
  tail: () => '',
};

/** The writer of a format. JSON, NDJSON and CSV are read back by an import; Markdown is for people. */
export function createCardWriter(format: ExportFormat, options: WriteOptions = {}): CardWriter {
  const wanted = options.columns;
  const columns = wanted ? cardColumns.filter((column) => wanted.includes(column)) : cardColumns;
  switch (format) {
    case 'json':
      return jsonWriter(columns);
    case 'ndjson':
      return ndjsonWriter(columns);
    case 'csv':
      return csvWriter(columns, options);
    case 'markdown':
      return markdownWriter;
  }
}

/** What is written head, batches and tail. */
export interface BatchWriter<Item> {
  head(): string;
  batch(items: readonly Item[], isFirst: boolean): string;
  tail(): string;
}

/** A whole file, as pieces of text of one batch each; a batch is asked for when its text is wanted. */
export async function* writeBatches<Item>(
  writer: BatchWriter<Item>,
  batches: AsyncIterable<readonly Item[]> | Iterable<readonly Item[]>,
): AsyncGenerator<string> {
  const head = writer.head();
  if (head !== '') yield head;
  let isFirst = true;
  for await (const items of batches) {
    if (items.length === 0) continue;
    yield writer.batch(items, isFirst);
    isFirst = false;
  }
  const tail = writer.tail();
  if (tail !== '') yield tail;
}

/** The bytes of a file, packed on request, at constant memory. A failed piece fails the stream. */
export function bytesOf(pieces: AsyncIterable<string>, packing: 'identity' | 'gzip' = 'identity'): Readable {
  const plain = Readable.from(pieces, { objectMode: false });
  if (packing === 'identity') return plain;
  const gzip = createGzip();
  // An error reaches the reader through `gzip`, which the pipeline destroys with it.
  pipeline(plain, gzip).catch(() => undefined);
  return gzip;
}
