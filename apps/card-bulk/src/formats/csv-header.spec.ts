import { readHeader } from './csv-header.js';
import { UnreadableFileError } from './unreadable-file.error.js';

const faultOf = (cells: readonly string[]): UnreadableFileError => {
  try {
    readHeader(cells, ',');
  } catch (error) {
    return error as UnreadableFileError;
  }
  throw new Error('the header was accepted');
};

describe('a header', () => {
  test('may name columns in any order and case, with white space around them', () => {
    expect(readHeader([' Body', 'TITLE ', 'tags'], ',')).toEqual(['body', 'title', 'tags']);
  });

  test('may have the columns of a fault report, which are passed over', () => {
    expect(readHeader(['_index', '_line', '_errors', '_text', 'title', 'body'], ',')).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      'title',
      'body',
    ]);
  });

  test.each([
    [['title', 'body', 'Title'], 'duplicate_column', /"title" stands there twice \(columns 1 and 3\)/],
    [['title', 'body', 'colour'], 'unknown_column', /"colour" is unknown \(allowed: id, title, body, /],
    [['title', 'body', ''], 'unknown_column', /"" is unknown/],
    [['title', 'tags'], 'missing_column', /the column body is missing/],
    [['title;body;tags'], 'wrong_delimiter', /separated by semicolons, expected were commas/],
    [['title\tbody'], 'wrong_delimiter', /separated by tabs, expected were commas/],
  ] as const)('%j is refused as %s', (cells, code, detail) => {
    const error = faultOf(cells);
    expect(error).toBeInstanceOf(UnreadableFileError);
    expect(error.fileFault).toBe(code);
    expect(error.message).toMatch(detail);
    expect(error.message).toMatch(/^Line 1: /);
  });
});
