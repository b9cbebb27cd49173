/**
 * What a spreadsheet may take for a formula (OWASP, CSV injection): one of `= + - @` or their full-width forms,
 * behind any white space and quotes, or a control character that some programs drop before they look. It holds for a
 * text with a `'` in front whenever it holds for the text: that is what makes the escape reversible.
 */
const formula = /^[\s']*[=+\-@\uff1d\uff0b\uff0d\uff20]|^'*[\t\r\n]/;

/** Letters, digits and brackets: nearly every cell begins with one, and no formula does. */
const harmless = /^[\w[{(]/;

/** The cell as a spreadsheet shows it and does not run it: with `'` in front where needed. */
export function escapeFormula(cell: string): string {
  return !harmless.test(cell) && formula.test(cell) ? `'${cell}` : cell;
}

/** What `escapeFormula` made a cell of. Any other cell is left as it is. */
export function unescapeFormula(cell: string): string {
  return cell.charCodeAt(0) === 0x27 && formula.test(cell.slice(1)) ? cell.slice(1) : cell;
}
