import type { Fault } from '@hornbook/contracts';
import type { LineBuffer } from './line-buffer.js';
import { MAX_EXCERPT, type ReadRow } from './row.js';

/** Where the next row starts. */
export interface RowPosition {
  index: number;
  line: number;
}

/** Takes rows out of the bytes that have come so far. */
export abstract class RowScanner {
  /** Set while the rest of a line that is too long is passed over. */
  private isPassingOver = false;

  constructor(
    protected readonly lines: LineBuffer,
    readonly position: RowPosition,
    protected readonly maxLineBytes: number,
  ) {}

  /**
   * The next row; undefined when more bytes must come first, or none are left.
   * @throws UnreadableFileError
   */
  next(): ReadRow | undefined {
    if (this.isPassingOver && !this.passOver()) return undefined;
    for (;;) {
      const end = this.lines.lineEnd();
      if (end === undefined) return this.lines.length > this.maxLineBytes ? this.tooLong() : undefined;
      if (end > this.maxLineBytes) return this.tooLong();
      const row = this.scan(end);
      if (row !== 'blank') return row;
    }
  }

  /** Reads the row whose first line is `end` bytes long; `blank` when that line is no row and was taken. */
  protected abstract scan(end: number): ReadRow | 'blank' | undefined;

  /** @param json the row as it stands in the file, where that is JSON */
  protected good(row: unknown, json?: string): ReadRow {
    const { index, line } = this.position;
    this.position.index++;
    return json === undefined ? { index, line, row } : { index, line, row, json };
  }

  protected bad(fault: Fault, text: string): ReadRow {
    return {
      index: this.position.index++,
      line: this.position.line,
      faults: [fault],
      text: text.slice(0, MAX_EXCERPT).toWellFormed(),
    };
  }

  /** Takes the line of `end` bytes. */
  protected takeLine(end: number): void {
    this.lines.take(end);
    this.position.line++;
  }

  protected notUtf8(end: number): ReadRow {
    const row = this.bad(
      { field: 'row', error: 'The line is not valid UTF-8 text', code: 'invalid_encoding' },
      this.lines.excerpt(Math.min(end, MAX_EXCERPT)),
    );
    this.takeLine(end);
    return row;
  }

  /** The line at hand is longer than allowed: one bad row, wherever it ends. */
  protected tooLong(): ReadRow {
    const row = this.bad(
      { field: 'row', error: `The line is too long (maximum ${this.maxLineBytes} bytes)`, code: 'too_long' },
      this.lines.excerpt(MAX_EXCERPT),
    );
    this.isPassingOver = true;
    this.passOver();
    return row;
  }

  /** @returns whether the end of the line was reached */
  private passOver(): boolean {
    const end = this.lines.lineEnd();
    if (end === undefined) {
      this.lines.skip(this.lines.length);
      return this.lines.isEnded;
    }
    this.takeLine(end);
    this.isPassingOver = false;
    return true;
  }
}
