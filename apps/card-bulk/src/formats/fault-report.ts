import type { Fault } from '@hornbook/contracts';
import { isJsonObject } from '../cards/card-metadata.js';
import { cardColumns, type Card, type CardColumn } from '../cards/card.schema.js';
import type { BatchWriter } from './card-writer.js';
import { quoteCell, writeCell } from './csv-cells.js';
import { reportColumns } from './csv-header.js';
import { escapeFormula } from './formula.js';

/** A row that was not imported, and why. */
export interface ReportedRow {
  readonly index: number;
  /** Physical line of the file; null for rows that came in a JSON body. */
  readonly line: number | null;
  readonly faults: readonly Fault[];
  /** As it was sent: JSON, or whatever text it was that could not be read. Null when it is not known. */
  readonly row: string | null;
}

/** Formats of a report. */
export type ReportFormat = 'csv' | 'ndjson';

/** The members of a row that was readable, or its text. */
function sent(row: string | null): {
  readonly members: Record<string, unknown>;
  readonly text: string | undefined;
} {
  if (row === null) return { members: {}, text: undefined };
  try {
    const value: unknown = JSON.parse(row);
    if (isJsonObject(value)) return { members: value, text: undefined };
  } catch {
    // The text of a row that could not be read.
  }
  return { members: {}, text: row };
}

const ndjsonReport: BatchWriter<ReportedRow> = {
  head: () => '',
  batch: (rows) =>
    rows
      .map(({ index, line, faults, row }) => {
        const { members, text } = sent(row);
        const added = { _index: index, _line: line, _errors: faults, _text: text };
        return `${JSON.stringify({ ...members, ...added })}\n`;
      })
      .join(''),
  tail: () => '',
};

const CRLF = '\r\n';

const sentences = (faults: readonly Fault[]): string =>
  faults.map(({ field, error }) => `${field}: ${error}`).join('; ');

/** Cells of a spreadsheet hold no more characters (Excel's bound). */
const MAX_CELL = 32_767;

const csvReport: BatchWriter<ReportedRow> = {
  head: () => `${[...reportColumns, ...cardColumns].join(',')}${CRLF}`,
  batch: (rows) =>
    rows
      .map(({ index, line, faults, row }) => {
        const { members, text = '' } = sent(row);
        const added = [
          String(index),
          line === null ? '' : String(line),
          sentences(faults).slice(0, MAX_CELL),
          text,
        ];
        const cells = cardColumns.map((column: CardColumn) =>
          writeCell(column, members[column] as Card[CardColumn] | undefined, { escapeFormulas: true }),
        );
        return [...added.map((cell) => escapeFormula(cell)), ...cells].map(quoteCell).join(',') + CRLF;
      })
      .join(''),
  tail: () => '',
};

/**
 * Writes the rows at fault as a file that can be corrected and sent again: the rows as they were sent, with what is
 * wrong beside them in `_index`, `_line`, `_errors` and `_text`, which an import passes over. One row each, however
 * many faults. CSV has no column for members that cards do not have; they are named in `_errors`.
 */
export function faultReport(format: ReportFormat): BatchWriter<ReportedRow> {
  return format === 'csv' ? csvReport : ndjsonReport;
}
