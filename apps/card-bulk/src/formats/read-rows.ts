import { CsvScanner } from './csv-scanner.js';
import type { Delimiter, HeaderColumn } from './csv-header.js';
import { LineBuffer } from './line-buffer.js';
import { NdjsonScanner } from './ndjson-scanner.js';
import { defaultReadLimits, type ReadLimits } from './read-limits.js';
import type { ReadRow } from './row.js';
import type { RowScanner } from './row-scanner.js';
import { openFile, type Packing } from './unpack.js';
import { UnreadableFileError } from './unreadable-file.error.js';

/** Formats of a file that can be imported. */
export const importFormats = ['ndjson', 'csv'] as const;
/** Format of a file that can be imported. */
export type ImportFormat = (typeof importFormats)[number];

/** Where to go on in a file: plain JSON, so that it can be stored. */
export interface ReadCheckpoint {
  /** Bytes of the unpacked file before the next row. */
  readonly offset: number;
  /** Rows before it. */
  readonly index: number;
  /** Its physical line, from 1. */
  readonly line: number;
  /** How the file is packed. Only a file that is not can be opened in its middle. */
  readonly packing: Packing;
  /** Columns of a CSV file, null for one that is passed over; absent before its header. */
  readonly header?: readonly (HeaderColumn | null)[];
}

/** How to read a file. */
export interface ReadOptions<Taken = ReadRow> {
  readonly format: ImportFormat;
  /** As the sender declared it; otherwise the first bytes decide alone. */
  readonly packing?: Packing;
  /** Most rows of a batch. Default 1,000; long rows make it shorter. */
  readonly batchSize?: number;
  /** Of the last batch that was dealt with. Default: the start. */
  readonly checkpoint?: ReadCheckpoint;
  /** Whether the source starts at the checkpoint's offset, and not at the start of the file. */
  readonly isPositioned?: boolean;
  readonly limits?: Partial<ReadLimits>;
  /** Of CSV. Default: a comma. */
  readonly delimiter?: Delimiter;
  /** Whether CSV cells such as `'=1+1` are read as `=1+1`, as exports write it. Default true. */
  readonly escapeFormulas?: boolean;
  /** What is kept of each row, made while it is read: rows that nobody holds on to cost no memory. Default: the row. */
  readonly take?: (row: ReadRow) => Taken;
}

/** Rows of a file in their order. */
export interface RowBatch<Taken = ReadRow> {
  readonly rows: readonly Taken[];
  /** Where to go on once these rows are dealt with. */
  readonly checkpoint: ReadCheckpoint;
}

const DEFAULT_BATCH = 1000;
/** Bytes after which a batch is full, however few its rows: what bounds the memory of one. */
const BATCH_BYTES = 4 * 1024 * 1024;

function createScanner(options: ReadOptions<unknown>, lines: LineBuffer, maxLineBytes: number): RowScanner {
  const { checkpoint, format, delimiter = ',', escapeFormulas = true } = options;
  const position = { index: checkpoint?.index ?? 0, line: checkpoint?.line ?? 1 };
  if (format === 'ndjson') return new NdjsonScanner(lines, position, maxLineBytes);
  const header = checkpoint?.header?.map((column) => column ?? undefined);
  return new CsvScanner(lines, position, maxLineBytes, { delimiter, escapeFormulas }, header);
}

/** `chunks` without their first `count` bytes. */
async function* without(count: number, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let left = count;
  for await (const chunk of chunks) {
    if (left < chunk.length) yield left === 0 ? chunk : chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
  if (left > 0)
    throw new UnreadableFileError(
      'position_missing',
      `The file ends before byte ${count}, where reading was to go on`,
    );
}

/**
 * Rows of an NDJSON or CSV file, in batches. Holds one chunk of bytes, one record and one batch at a time, and reads
 * on only when the next batch is asked for; ending the iteration early lets go of the source.
 *
 * A row that cannot be read is handed on with its faults and costs no other row.
 * @throws UnreadableFileError when the file cannot be read further, after the rows before that place
 * @throws what the source throws
 */
export async function* readRows<Taken = ReadRow>(
  source: AsyncIterable<Uint8Array>,
  options: ReadOptions<Taken>,
): AsyncGenerator<RowBatch<Taken>, void, undefined> {
  const { checkpoint, batchSize = DEFAULT_BATCH, isPositioned = false } = options;
  const take = options.take ?? ((row: ReadRow) => row as Taken);
  const limits = { ...defaultReadLimits, ...options.limits };
  const lines = new LineBuffer(checkpoint?.offset ?? 0);
  const scanner = createScanner(options, lines, limits.maxLineBytes);
  // In the middle of a file any bytes may stand; and there may be none, when all rows were dealt with.
  const { packing, bytes } = isPositioned
    ? { packing: 'identity' as const, bytes: asBuffers(source) }
    : await openFile(source, options.packing, limits);
  let rows: Taken[] = [];
  let start = lines.offset;
  const batch = (): RowBatch<Taken> => {
    const taken = rows;
    rows = [];
    start = lines.offset;
    const header =
      scanner instanceof CsvScanner ? scanner.header?.map((column) => column ?? null) : undefined;
    return {
      rows: taken,
      checkpoint: { offset: lines.offset, ...scanner.position, packing, ...(header ? { header } : {}) },
    };
  };
  const fill = (): boolean => {
    while (rows.length < batchSize && lines.offset - start < BATCH_BYTES) {
      const row = scanner.next();
      if (!row) return false;
      if (row.index >= limits.maxRows) {
        throw new UnreadableFileError(
          'too_many_rows',
          `The file has more than ${limits.maxRows} rows, the most allowed`,
        );
      }
      rows.push(take(row));
    }
    return true;
  };
  try {
    for await (const chunk of isPositioned || !checkpoint ? bytes : without(checkpoint.offset, bytes)) {
      lines.push(chunk);
      while (fill()) yield batch();
    }
    lines.end();
    while (fill()) yield batch();
    if (scanner.position.index === 0)
      throw new UnreadableFileError('empty_file', 'The file has no rows: no cards provided for import');
  } catch (error) {
    if (rows.length > 0 && error instanceof UnreadableFileError) yield batch();
    throw error;
  }
  if (rows.length > 0) yield batch();
}

async function* asBuffers(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const chunk of source) yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
}
