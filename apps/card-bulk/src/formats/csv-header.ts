import { cardColumns, type CardColumn } from '../cards/card.schema.js';
import { UnreadableFileError } from './unreadable-file.error.js';

/** Columns and members that a fault report adds; an import passes over them, so that a report can be sent again. */
export const reportColumns = ['_index', '_line', '_errors', '_text'] as const;

/** Separators of cells that a file may use. */
export const delimiters = [',', ';', '\t', '|'] as const;
/** A separator of cells. */
export type Delimiter = (typeof delimiters)[number];

const delimiterNames: Record<Delimiter, string> = {
  ',': 'commas',
  ';': 'semicolons',
  '\t': 'tabs',
  '|': 'bars (|)',
};

const known: ReadonlySet<string> = new Set(cardColumns);
const passedOver: ReadonlySet<string> = new Set(reportColumns);
const required: readonly CardColumn[] = ['title', 'body'];

/** What a column of the file holds; undefined is passed over. */
export type HeaderColumn = CardColumn | undefined;

function checkDelimiter(names: readonly string[], delimiter: Delimiter): void {
  const [only = ''] = names;
  if (names.length > 1 || known.has(only)) return;
  const other = delimiters.find((each) => each !== delimiter && only.includes(each));
  if (other !== undefined)
    throw new UnreadableFileError(
      'wrong_delimiter',
      `Line 1: the columns are separated by ${delimiterNames[other]}, expected were ${delimiterNames[delimiter]}`,
    );
}

/**
 * Reads the names of columns: any order, any case, white space around them ignored.
 * @throws UnreadableFileError that names the first column at fault
 */
export function readHeader(cells: readonly string[], delimiter: Delimiter): HeaderColumn[] {
  const names = cells.map((cell) => cell.trim().toLowerCase());
  checkDelimiter(names, delimiter);
  names.forEach((name, index) => {
    if (names.indexOf(name) !== index)
      throw new UnreadableFileError(
        'duplicate_column',
        `Line 1: the column ${JSON.stringify(name)} stands there twice (columns ${names.indexOf(name) + 1} and ${index + 1})`,
        name,
      );
    if (!known.has(name) && !passedOver.has(name))
      throw new UnreadableFileError(
        'unknown_column',
        `Line 1: the column ${JSON.stringify(name.slice(0, 100))} is unknown (allowed: ${cardColumns.join(', ')})`,
        name.slice(0, 100),
      );
  });
  for (const name of required) {
    if (!names.includes(name))
      throw new UnreadableFileError('missing_column', `Line 1: the column ${name} is missing`, name);
  }
  return names.map((name) => (known.has(name) ? (name as CardColumn) : undefined));
}
