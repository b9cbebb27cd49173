/** A record that is no CSV (RFC 4180): what is wrong, and at which character (from 0). */
export class BrokenRecord {
  constructor(
    readonly error: string,
    readonly at: number,
  ) {}
}

const QUOTE = 0x22;

/**
 * Takes one record apart (RFC 4180, section 2). Strict: a quote stands around a whole cell or twice inside one;
 * anything else would be read differently by different programs.
 * @param record without the line end that ends it; line ends inside quotes belong to the cell
 */
export function splitRecord(record: string, delimiter: string): string[] | BrokenRecord {
  if (!record.includes('"')) return record.split(delimiter);
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    let end: number;
    if (record.charCodeAt(at) === QUOTE) {
      let close = record.indexOf('"', at + 1);
      let hasQuotes = false;
      while (close >= 0 && record.charCodeAt(close + 1) === QUOTE) {
        hasQuotes = true;
        close = record.indexOf('"', close + 2);
      }
      if (close < 0) return new BrokenRecord('A quote (") is opened and never closed', at);
      end = close + 1;
      if (end < record.length && record[end] !== delimiter)
        return new BrokenRecord(
          'A closing quote (") is followed by more text; write a quote inside a cell twice ("")',
          close,
        );
      const cell = record.slice(at + 1, close);
      cells.push(hasQuotes ? cell.replaceAll('""', '"') : cell);
    } else {
      end = record.indexOf(delimiter, at);
      if (end < 0) end = record.length;
      const cell = record.slice(at, end);
      const quote = cell.indexOf('"');
      if (quote >= 0)
        return new BrokenRecord('A quote (") stands inside a cell without quotes around it', at + quote);
      cells.push(cell);
    }
    if (end >= record.length) return cells;
    at = end + 1;
  }
}
