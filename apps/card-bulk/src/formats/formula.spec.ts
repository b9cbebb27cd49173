import * as fc from 'fast-check';
import { anyText } from '../../test/support/rows.js';
import { escapeFormula, unescapeFormula } from './formula.js';

describe('a cell', () => {
  test.each([
    '=1+1',
    '+1',
    '-1+1',
    '@SUM(A1)',
    '\t=1',
    '\r=1',
    '\n=1',
    ' =1',
    "'=1",
    '＝1',
    '＋1',
    '－1',
    '＠a',
    '\u00a0=1',
  ])('that starts like a formula (%j) is escaped', (cell) => {
    expect(escapeFormula(cell)).toBe(`'${cell}`);
  });

  test.each(['a=1', '1-1', "'quoted'", "it's", '', '{"a":1}', '[1]', 'https://example.org'])(
    'that does not (%j) is left as it is',
    (cell) => {
      expect(escapeFormula(cell)).toBe(cell);
      expect(unescapeFormula(cell)).toBe(cell);
    },
  );

  test('never starts like a formula once escaped, and comes back as it was', () => {
    fc.assert(
      fc.property(anyText, (cell) => {
        const escaped = escapeFormula(cell);
        expect(escaped).not.toMatch(/^\s*[=+\-@＝＋－＠]|^[\t\r\n]/);
        expect(unescapeFormula(escaped)).toBe(cell);
      }),
      { numRuns: 2000 },
    );
  });
});
