import type { Fault } from '@hornbook/contracts';
import { readCell, UnreadableCell, type CellOptions } from './csv-cells.js';
import { readHeader, type Delimiter, type HeaderColumn } from './csv-header.js';
import { BrokenRecord, splitRecord } from './csv-record.js';
import type { LineBuffer } from './line-buffer.js';
import { RowScanner, type RowPosition } from './row-scanner.js';
import { MAX_EXCERPT, type ReadRow } from './row.js';
import { UnreadableFileError } from './unreadable-file.error.js';

/** What decides how a CSV file is read. */
export interface CsvOptions extends CellOptions {
  readonly delimiter: Delimiter;
}

/** A record that ends `end` bytes on, after `lines` line feeds inside quotes. */
interface RecordEnd {
  readonly end: number;
  readonly lines: number;
}

/**
 * CSV (RFC 4180) with a header. A quote that is never closed would swallow the rest of the file, so a record at fault
 * ends with its first line and reading goes on behind that: a forgotten quote costs one row.
 */
export class CsvScanner extends RowScanner {
  constructor(
    lines: LineBuffer,
    position: RowPosition,
    maxLineBytes: number,
    private readonly options: CsvOptions,
    /** Columns of the header; undefined until it was read. */
    public header: readonly HeaderColumn[] | undefined,
  ) {
    super(lines, position, maxLineBytes);
  }

  protected override tooLong(): ReadRow {
    if (this.header) return super.tooLong();
    this.refuseLoneCarriageReturns(this.lines.excerpt(this.maxLineBytes));
    throw new UnreadableFileError(
      'broken_header',
      `Line 1: the header is too long (maximum ${this.maxLineBytes} bytes)`,
    );
  }

  protected scan(firstEnd: number): ReadRow | 'blank' | undefined {
    if (!this.header) return this.scanHeader(firstEnd);
    const record = this.recordEnd(firstEnd);
    if (record === undefined) return undefined;
    if (record === 'unclosed') return this.broken(firstEnd, 'A quote (") is opened and never closed');
    const text = this.lines.text(record.end);
    if (text === undefined) return this.notUtf8(firstEnd);
    if (text === '') {
      this.takeLine(firstEnd);
      return 'blank';
    }
    const cells = splitRecord(text, this.options.delimiter);
    if (cells instanceof BrokenRecord) {
      // A record of several lines that breaks far down: the quote that was left open stands in its first line.
      const isFar = cells.at > firstEnd;
      return this.broken(
        firstEnd,
        isFar
          ? 'A quote (") is opened and not closed before the next one'
          : `${cells.error} (column ${cells.at + 1} of the line)`,
      );
    }
    const row = this.rowOf(cells, text);
    this.lines.take(record.end);
    this.position.line += record.lines + 1;
    return row;
  }

  /** Where the record ends whose first line does at `end`. */
  private recordEnd(firstEnd: number): RecordEnd | 'unclosed' | undefined {
    let end = firstEnd;
    let lines = 0;
    let isOpen = this.lines.hasOpenQuote(0, end);
    while (isOpen) {
      const next = this.lines.lineEnd(end + 1);
      if ((next ?? this.lines.length) > this.maxLineBytes) return 'unclosed';
      if (next === undefined) return this.lines.isEnded ? 'unclosed' : undefined;
      if (this.lines.hasOpenQuote(end + 1, next)) isOpen = false;
      end = next;
      lines++;
    }
    return { end, lines };
  }

  private broken(firstEnd: number, error: string): ReadRow {
    const row = this.bad(
      { field: 'row', error, code: 'invalid_csv' },
      this.lines.excerpt(Math.min(firstEnd, MAX_EXCERPT)),
    );
    this.takeLine(firstEnd);
    return row;
  }

  private scanHeader(end: number): 'blank' {
    const text = this.lines.text(end)?.replace(/^\ufeff/, '');
    this.refuseLoneCarriageReturns(text ?? '');
    const cells = text === undefined ? undefined : splitRecord(text, this.options.delimiter);
    if (cells === undefined || cells instanceof BrokenRecord)
      throw new UnreadableFileError(
        'broken_header',
        `Line 1: the header cannot be read: ${cells === undefined ? 'it is not valid UTF-8 text' : cells.error}`,
      );
    this.header = readHeader(cells, this.options.delimiter);
    this.takeLine(end);
    return 'blank';
  }

  private refuseLoneCarriageReturns(text: string): void {
    if (/\r(?!\n)/.test(text))
      throw new UnreadableFileError(
        'wrong_line_ends',
        'Line 1: lines end with carriage returns alone; save the file with line feeds (LF or CRLF)',
      );
  }

  private rowOf(cells: readonly string[], text: string): ReadRow {
    const header = this.header ?? [];
    if (cells.length !== header.length)
      return this.bad(
        {
          field: 'row',
          error: `The row has ${cells.length} cells, the header has ${header.length}`,
          code: 'wrong_cell_count',
        },
        text,
      );
    const row: Record<string, unknown> = {};
    let faults: Fault[] | undefined;
    for (let place = 0; place < header.length; place++) {
      const column = header[place];
      const cell = cells[place] ?? '';
      if (column === undefined || cell === '') continue;
      const value = readCell(column, cell, this.options);
      if (value instanceof UnreadableCell) (faults ??= []).push({ field: column, ...value.fault });
      else row[column] = value;
    }
    if (!faults) return this.good(row);
    const [first, ...others] = faults;
    const bad = this.bad(first as Fault, text);
    return { ...bad, faults: [first as Fault, ...others] };
  }
}
