import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import { anyText } from '../../test/support/rows.js';
import { quoteCell } from './csv-cells.js';
import { BrokenRecord, splitRecord } from './csv-record.js';

describe('a record', () => {
  test.each([
    ['a,b', ['a', 'b']],
    ['a,', ['a', '']],
    [',', ['', '']],
    ['"a,b",c', ['a,b', 'c']],
    ['"say ""hi""",c', ['say "hi"', 'c']],
    ['"",""', ['', '']],
    ['"""",x', ['"', 'x']],
    ['"two\r\nlines",x', ['two\r\nlines', 'x']],
    [' a , b ', [' a ', ' b ']],
  ])('%j has the cells %j', (record, cells) => {
    expect(splitRecord(record, ',')).toEqual(cells);
  });

  test.each([
    ['a,"b', 2],
    ['a,b"', 3],
    ['5" pipe,b', 1],
    ['"a"b,c', 2],
    ['"a" ,b', 2],
    ['"a""', 0],
  ])('%j is broken at character %i', (record, at) => {
    const broken = splitRecord(record, ',');
    expect(broken).toBeInstanceOf(BrokenRecord);
    expect((broken as BrokenRecord).at).toBe(at);
  });

  test('is read as csv-parse reads it, whatever stands in its cells', () => {
    fc.assert(
      fc.property(
        fc.array(anyText, { minLength: 2, maxLength: 4 }),
        fc.constantFrom(',', ';', '\t', '|'),
        fc.boolean(),
        (cells, delimiter, isQuoted) => {
          const record = cells
            .map((cell) =>
              isQuoted || cell.includes(delimiter) ? `"${cell.replaceAll('"', '""')}"` : quoteCell(cell),
            )
            .join(delimiter);
          expect(splitRecord(record, delimiter)).toEqual(cells);
          expect(parse(`${record}\r\n`, { delimiter, record_delimiter: '\r\n' })).toEqual([cells]);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('is never read otherwise than csv-parse does: both refuse it, or both give the same cells', () => {
    const piece = fc.constantFrom('a', 'b', '"', '""', ',', ' ', '\n');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const record = pieces.join('');
        const cells = splitRecord(record, ',');
        // Line feeds outside quotes end a record, which is for the scanner.
        fc.pre(record !== '' && (cells instanceof BrokenRecord || !cells.join('').includes('\n')));
        let others: unknown;
        try {
          others = parse(record, { record_delimiter: '\0' })[0];
        } catch {
          others = undefined;
        }
        expect(cells instanceof BrokenRecord ? undefined : cells).toEqual(others);
      }),
      { numRuns: 2000 },
    );
  });
});
