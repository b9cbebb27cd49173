import * as fc from 'fast-check';
import { quoteCell } from './csv-cells.js';
import { escapeFormula } from './formula.js';

const odd = fc.constantFrom(
  ...[
    '"',
    ',',
    '\r',
    '\n',
    '\t',
    ' ',
    "'",
    '=',
    '+',
    '-',
    '@',
    '\uff1d',
    '\uff20',
    '\ufeff',
    '\u00a0',
    '\u2028',
  ],
  ...['a', 'Z', '0', '_', '[', '{', '(', '<', '~', '\u007f', 'é', '中', '😀'],
);
const cells = fc.array(odd, { maxLength: 6 }).map((characters) => characters.join(''));

describe('the short ways past the rules of a cell', () => {
  test('a cell is in quotes exactly when a reader could take it for something else', () => {
    fc.assert(
      fc.property(cells, (cell) => {
        const isAtRisk = /[",\r\n]|^[\s\ufeff]|\s$/.test(cell);
        expect(quoteCell(cell)).toBe(isAtRisk ? `"${cell.replaceAll('"', '""')}"` : cell);
      }),
      { numRuns: 5_000 },
    );
  });

  test('a cell is escaped exactly when a spreadsheet could run it', () => {
    fc.assert(
      fc.property(cells, (cell) => {
        const isAtRisk = /^[\s']*[=+\-@\uff1d\uff0b\uff0d\uff20]|^'*[\t\r\n]/.test(cell);
        expect(escapeFormula(cell)).toBe(isAtRisk ? `'${cell}` : cell);
      }),
      { numRuns: 5_000 },
    );
  });
});
