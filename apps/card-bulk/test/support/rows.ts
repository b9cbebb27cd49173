import * as fc from 'fast-check';
import { cardCategories, privacyLevels } from '../../src/cards/card.schema.js';

/** Text of all that a format could trip over, most of it valid. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'grapheme', maxLength: 30 }) },
  {
    weight: 4,
    arbitrary: fc.string({
      unit: fc.constantFrom(
        'a',
        ' ',
        '"',
        "'",
        ',',
        ';',
        '\t',
        '\r',
        '\n',
        '\r\n',
        '=',
        '+',
        '-',
        '@',
        '＝',
        '\ufeff',
        '\\',
        '[',
        ']',
        '{',
        '}',
        '\u2028',
        '\u0001',
        '\u007f',
        '🙂',
        'é',
        '|',
        '\ufffd',
        'null',
        '""',
      ),
      maxLength: 12,
    }),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 10 }) },
);

/** Text that may be no text at all: NUL, halves of pairs. */
const wildText = fc.oneof(
  { weight: 6, arbitrary: anyText },
  { weight: 1, arbitrary: fc.constantFrom('\u0000', 'a\ud83d', '\ude42', 'x'.repeat(1001), ' \n\t') },
);

const time = fc.oneof(
  fc
    .date({ min: new Date('1970-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
    .map((date) => date.toISOString()),
  fc.constantFrom(
    '2024-02-29T23:59:59Z',
    '2026-02-30T00:00:00Z',
    '2026-03-02T10:15:00.123456Z',
    '2026-03-02',
    'now',
  ),
);

const url = fc.oneof(
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
  fc.constantFrom(
    '',
    'https://example.org/%20?q=a,"b"',
    'HTTP://example.org/🙂',
    'ftp://example.org',
    'https://a b',
  ),
);

const maybe = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | null | undefined> =>
  fc.oneof({ weight: 3, arbitrary: value }, { weight: 1, arbitrary: fc.constantFrom(null, undefined) });

const metadata = fc.dictionary(wildText, fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown>, {
  maxKeys: 4,
});

/** The members of a row; each is valid more often than not. */
const members = {
  title: wildText,
  body: wildText,
  category: maybe(fc.constantFrom(...cardCategories)),
  privacy_level: maybe(fc.constantFrom(...privacyLevels)),
  tags: maybe(fc.array(wildText, { maxLength: 4 })),
  source_platform: maybe(wildText),
  source_url: maybe(url),
  external_id: maybe(wildText),
  content_id: maybe(wildText),
  parent_card_id: maybe(fc.uuid()),
  related_card_ids: maybe(fc.array(fc.uuid(), { maxLength: 3 })),
  metadata: maybe(metadata),
  id: maybe(fc.uuid()),
  is_published: maybe(fc.boolean()),
  published_url: maybe(url),
  created_at: maybe(time),
  updated_at: maybe(time),
  published_at: maybe(time),
};

/** Rows as anybody might send them: good ones, wrong ones and what is no row at all. */
export const anyRow: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 8, arbitrary: fc.record(members, { requiredKeys: ['title', 'body'] }) },
  {
    weight: 2,
    arbitrary: fc.record(Object.fromEntries(Object.keys(members).map((name) => [name, fc.jsonValue()]))),
  },
  { weight: 1, arbitrary: fc.jsonValue() },
  { weight: 1, arbitrary: fc.object() },
);
