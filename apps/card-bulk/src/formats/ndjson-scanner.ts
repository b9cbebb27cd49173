import { reportColumns } from './csv-header.js';
import { RowScanner } from './row-scanner.js';
import type { ReadRow } from './row.js';
import { UnreadableFileError } from './unreadable-file.error.js';

/** What `JSON.parse` says of `text`, with the column where that is known; never more of the text than it needs. */
function jsonError(text: string, error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  const at = /at position (\d+)/.exec(message)?.[1];
  if (/Unexpected end|Unterminated/.test(message)) return 'The line ends in the middle of its JSON';
  if (at === undefined) return `The line is not JSON (it starts with ${JSON.stringify(text.slice(0, 20))})`;
  const place = Number(at);
  return `The line is not JSON: unexpected ${JSON.stringify(text.slice(place, place + 1))} in column ${place + 1}`;
}

/** The row without what a fault report added to it. */
function withoutReport(row: unknown): unknown {
  if (typeof row !== 'object' || row === null || !('_errors' in row)) return row;
  const names: readonly string[] = reportColumns;
  return Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name)));
}

/** Newline-delimited JSON: one value a line, blank lines between them are nothing. */
export class NdjsonScanner extends RowScanner {
  protected override tooLong(): ReadRow {
    this.refuseArray(this.lines.excerpt(100));
    return super.tooLong();
  }

  /** Every line of a JSON array would be a bad row; its sender is told once, and what to do. */
  private refuseArray(start: string): void {
    if (this.lines.offset === 0 && /^\ufeff?\s*\[\s*(?:\{|$)/.test(start))
      throw new UnreadableFileError(
        'wrong_format',
        'Line 1: the file is a JSON array, expected was NDJSON: one object on each line, no commas between them',
      );
  }

  protected scan(end: number): ReadRow | 'blank' {
    const isFirst = this.lines.offset === 0;
    let text = this.lines.text(end);
    if (text === undefined) return this.notUtf8(end);
    if (isFirst && text.charCodeAt(0) === 0xfeff) text = text.slice(1);
    if (text.length === 0 || (text.length < 64 && text.trim() === '')) {
      this.takeLine(end);
      return 'blank';
    }
    this.refuseArray(text);
    let row: ReadRow;
    try {
      const parsed: unknown = JSON.parse(text);
      const sent = withoutReport(parsed);
      row = this.good(sent, sent === parsed ? text : undefined);
    } catch (error) {
      row = this.bad({ field: 'row', error: jsonError(text, error), code: 'invalid_json' }, text);
    }
    this.takeLine(end);
    return row;
  }
}
