import * as fc from 'fast-check';
import { codePointLength, text } from './text.js';

/** Any sequence of UTF-16 units, well-formed or not, rich in what a parser may trip over. */
const anyUnits = fc
  .array(
    fc.oneof(
      fc.integer({ min: 0, max: 0xffff }),
      fc.integer({ min: 0xd800, max: 0xdfff }),
      fc.constantFrom(0x00, 0x20),
    ),
  )
  .map((units) => String.fromCharCode(...units));

const messagesFor = (schema: ReturnType<typeof text>, value: unknown): string[] =>
  schema.safeParse(value).error?.issues.map(({ message }) => message) ?? [];

describe('a length in code points', () => {
  test.each([
    ['', 0],
    ['hornbook', 8],
    ['über', 4],
    ['🙂', 1],
    ['🙂🙂', 2],
    ['👩‍👧', 3],
    ['\ud83d', 1],
    ['\ude42\ud83d', 2],
    ['a\ud83d🙂', 3],
  ])('%j is %i', (value, length) => {
    expect(codePointLength(value)).toBe(length);
  });

  test('is what iterating over the string counts, whatever the string', () => {
    fc.assert(fc.property(anyUnits, (value) => codePointLength(value) === Array.from(value).length));
  });
});

describe('text', () => {
  test('counts a character outside the basic plane once, against both bounds', () => {
    const schema = text({ min: 5, max: 5 });
    expect(messagesFor(schema, '🙂🙂🙂🙂🙂')).toEqual([]);
    expect(messagesFor(schema, '🙂🙂🙂🙂')).toEqual(['String too short (minimum 5 characters)']);
    expect(messagesFor(schema, '🙂🙂🙂🙂🙂🙂')).toEqual(['String too long (maximum 5 characters)']);
  });

  test('is handed on as it came, white space at its ends included', () => {
    expect(text({ min: 1 }).parse('  two words \n')).toBe('  two words \n');
  });

  test.each([
    ['spaces', '      '],
    ['tabs and line ends', '\t\t\n\r\n\t'],
    ['other blanks of Unicode', '\u00a0\u2003\u3000\ufeff\u2028\u2029'],
  ])('of nothing but %s is too short', (_, blank) => {
    expect(messagesFor(text({ min: 5 }), blank)).toEqual(['String too short (minimum 5 characters)']);
  });

  test('of nothing but white space is accepted where nothing is asked of its length', () => {
    expect(messagesFor(text(), '   ')).toEqual([]);
    expect(messagesFor(text({ max: 3 }), '')).toEqual([]);
  });

  test('that has to be there is called empty, not too short', () => {
    expect(messagesFor(text({ min: 1 }), '')).toEqual(['String is empty (minimum 1 character)']);
  });

  test('with NUL is refused, and the message names the character', () => {
    expect(messagesFor(text(), 'a\u0000b')).toEqual([
      'String contains a NUL character (U+0000), which is not allowed',
    ]);
  });

  test.each([
    ['the first half alone', 'a\ud83d'],
    ['the second half alone', '\ude42a'],
    ['the halves in the wrong order', '\ude42\ud83d'],
  ])('with a lone surrogate (%s) is refused', (_, value) => {
    expect(messagesFor(text(), value)).toEqual([
      'String contains a lone surrogate, which is not valid Unicode text',
    ]);
  });

  test('with several faults has all of them told at once', () => {
    expect(messagesFor(text({ max: 2 }), '\u0000\ud83dx')).toHaveLength(3);
  });

  test('has a code for every fault, so that clients need not read the words', () => {
    const codesFor = (schema: ReturnType<typeof text>, value: string): unknown[] =>
      schema
        .safeParse(value)
        .error!.issues.map((issue): unknown =>
          issue.code === 'custom' ? issue.params?.['code'] : issue.code,
        );
    expect(codesFor(text({ min: 5 }), 'x')).toEqual(['too_short']);
    expect(codesFor(text({ max: 2 }), 'xyz')).toEqual(['too_long']);
    expect(codesFor(text(), '\u0000')).toEqual(['invalid_text']);
  });

  test('is text: no number is turned into one', () => {
    expect(text().safeParse(12345).success).toBe(false);
    expect(text().safeParse(null).success).toBe(false);
  });

  test('tells its bounds to the API documentation', () => {
    expect(text({ min: 5, max: 200 }).meta()).toMatchObject({ minLength: 5, maxLength: 200 });
    expect(text().meta()).toBeUndefined();
  });
});
