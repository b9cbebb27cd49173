import type { StoredRowError } from '@hornbook/tasks';
import type { ReportedRow } from '../../formats/index.js';

/**
 * Row errors as rows: a row with several faults is one, with all of them. Faults of one row follow each other, though
 * a page may end between them.
 */
export async function* failedRows(
  pages: AsyncIterable<readonly StoredRowError[]>,
): AsyncGenerator<ReportedRow[], void, undefined> {
  let last: (ReportedRow & { readonly faults: ReportedRow['faults'][number][] }) | undefined;
  for await (const page of pages) {
    const rows: ReportedRow[] = [];
    for (const { index, line, row, field, message, code } of page) {
      const fault = { field: field ?? 'row', error: message, code };
      if (last?.index === index) {
        last.faults.push(fault);
        continue;
      }
      if (last) rows.push(last);
      last = { index, line, row, faults: [fault] };
    }
    if (rows.length > 0) yield rows;
  }
  if (last) yield [last];
}
