import * as fc from 'fast-check';
import { z } from 'zod';
import { MAX_LINE_BYTES } from '../formats/read-limits.js';
import { anyRow } from '../../test/support/rows.js';
import { MAX_METADATA_LENGTH } from './card-metadata.js';
import { cardLimits, cardRowSchema, toCard, type Card } from './card.schema.js';
import { isFaulty, validateCard } from './card-validator.js';

/** A good row in the form of seed 002, or what the overrides make of it. */
const row = (overrides: Record<string, unknown> = {}): Record<string, unknown> => ({
  title: 'How to Build Momentum',
  body: 'The key to building momentum is…',
  category: 'BUSINESS',
  privacy_level: 'BUSINESS',
  tags: ['business', 'growth'],
  source_platform: 'twitter',
  source_url: 'https://twitter.example/user/status/123',
  metadata: {},
  ...overrides,
});

const faultsOf = (value: unknown): string[] => {
  const outcome = validateCard(value);
  return isFaulty(outcome) ? outcome.map(({ field, code }) => `${field} ${code ?? ''}`) : [];
};

const nested = (depth: number): unknown => (depth === 0 ? 1 : { in: nested(depth - 1) });

describe('a row of an import', () => {
  test('in the form of the seed is a card', () => {
    expect(validateCard(row())).toMatchObject({
      ...row(),
      external_id: null,
      id: null,
      related_card_ids: [],
    });
  });

  test('needs a title and a body; everything else is private, unassimilated or absent', () => {
    expect(validateCard({ title: 'T', body: 'B' })).toEqual({
      title: 'T',
      body: 'B',
      category: 'UNASSIMILATED',
      privacy_level: 'PRIVATE',
      tags: [],
      source_platform: null,
      source_url: null,
      external_id: null,
      content_id: null,
      parent_card_id: null,
      related_card_ids: [],
      metadata: {},
      id: null,
      is_published: false,
      published_url: null,
      created_at: null,
      updated_at: null,
      published_at: null,
    } satisfies Card);
    expect(faultsOf({})).toEqual(['title required', 'body required']);
  });

  test('may say null, or empty text, for what is absent', () => {
    const absent = Object.fromEntries(
      Object.keys(cardRowSchema.shape)
        .filter((name) => name !== 'title' && name !== 'body')
        .map((name) => [name, null]),
    );
    const bare = validateCard({ title: 'T', body: 'B' });
    expect(validateCard({ title: 'T', body: 'B', ...absent })).toEqual(bare);
    expect(
      validateCard({ title: 'T', body: 'B', source_url: '', source_platform: '', external_id: '' }),
    ).toEqual(bare);
  });

  test.each(['UNASSIMILATED', 'PROGRAM', 'CATEGORIZED', 'GRIT', 'TOUGH', 'JUNK', 'BUSINESS', 'IDEAS'])(
    'may be of the category %s: those of the database and of the examples',
    (category) => {
      expect(faultsOf(row({ category }))).toEqual([]);
    },
  );

  test.each([
    [{ category: 'business' }, 'category invalid_value'],
    [{ privacy_level: 'PUBLIC' }, 'privacy_level invalid_value'],
    [{ title: '' }, 'title too_short'],
    [{ title: ' \n' }, 'title too_short'],
    [{ title: '🙂'.repeat(cardLimits.title + 1) }, 'title too_long'],
    [{ title: 7 }, 'title invalid_type'],
    [{ title: null }, 'title invalid_type'],
    [{ body: 'a\u0000b' }, 'body invalid_text'],
    [{ body: '\ud83d' }, 'body invalid_text'],
    [{ body: 'x'.repeat(cardLimits.body + 1) }, 'body too_long'],
    [{ tags: 'business' }, 'tags invalid_type'],
    [{ tags: ['ok', ''] }, 'tags[1] too_short'],
    [{ tags: ['ok', 3] }, 'tags[1] invalid_type'],
    [{ tags: Array.from({ length: 51 }, () => 'a') }, 'tags too_many'],
    [{ source_url: 'javascript:alert(1)' }, 'source_url invalid_format'],
    [{ source_url: 'https://a b' }, 'source_url invalid_format'],
    [{ parent_card_id: '42' }, 'parent_card_id invalid_format'],
    [{ related_card_ids: ['42'] }, 'related_card_ids[0] invalid_format'],
    [{ metadata: [] }, 'metadata invalid_type'],
    [{ metadata: { a: ['\u0000'] } }, 'metadata invalid_text'],
    [{ metadata: { 'a\ud83d': 1 } }, 'metadata invalid_text'],
    [{ metadata: { a: JSON.parse('1e999') as number } }, 'metadata invalid_number'],
    [{ metadata: nested(21) }, 'metadata too_deep'],
    [{ metadata: { a: 'x'.repeat(MAX_METADATA_LENGTH) } }, 'metadata too_long'],
    [{ is_published: 'yes' }, 'is_published invalid_type'],
    [{ created_at: '2026-02-30T10:00:00Z' }, 'created_at invalid_format'],
    [{ created_at: '2026-03-02T10:00:00+01:00' }, 'created_at invalid_format'],
    [{ created_at: '0000-03-02T10:00:00Z' }, 'created_at invalid_format'],
    [{ created_at: '2026-03-02T10:00:00.1234567Z' }, 'created_at invalid_format'],
    [{ tag: ['business'] }, 'tag unknown_member'],
  ])('with %j is refused at %s', (overrides, fault) => {
    expect(faultsOf(row(overrides))).toEqual(expect.arrayContaining([fault]));
    expect(new Set(faultsOf(row(overrides)).map((each) => each.split(' ')[0])).size).toBe(1);
  });

  test('with several faults has all of them told, each with its place', () => {
    expect(faultsOf({ title: '', tags: [1, 'ok', ''], more: 1 })).toEqual([
      'title too_short',
      'body required',
      'tags[0] invalid_type',
      'tags[2] too_short',
      'more unknown_member',
    ]);
  });

  test.each([null, 3, 'card', [], [row()]])('that is %j and no object is refused as a whole', (value) => {
    expect(faultsOf(value)).toEqual(['row invalid_type']);
  });

  test('of any depth is answered, not crashed by', () => {
    const deep: unknown = JSON.parse(
      `{"title":"T","body":"B","metadata":{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`,
    );
    expect(faultsOf(deep)).toEqual(['metadata too_deep']);
  });

  test('keeps metadata as it came, whatever its members are called', () => {
    const metadata: unknown = JSON.parse('{"__proto__":{"a":1},"constructor":2,"toJSON":"x"}');
    expect(JSON.stringify((validateCard(row({ metadata })) as Card).metadata)).toBe(JSON.stringify(metadata));
  });

  test('of the largest size fits into one line of a file, so that what is stored can be exported and read again', () => {
    const wide = '\u0001';
    const largest = row({
      title: wide.repeat(cardLimits.title - 1) + 'x',
      body: wide.repeat(cardLimits.body - 1) + 'x',
      tags: Array.from({ length: cardLimits.tags }, () => wide.repeat(cardLimits.tag - 1) + 'x'),
      source_url: `https://${'学'.repeat(cardLimits.url - 8)}`,
      metadata: { a: '学'.repeat(MAX_METADATA_LENGTH - 8) },
    });
    expect(faultsOf(largest)).toEqual([]);
    expect(Buffer.byteLength(JSON.stringify(largest))).toBeLessThan(MAX_LINE_BYTES - 10_000);
  });
});

describe('the fast validator', () => {
  test('says what the schema says, of any row', () => {
    fc.assert(
      fc.property(anyRow, (value) => {
        const parsed = cardRowSchema.safeParse(value);
        const outcome = validateCard(value);
        expect(isFaulty(outcome)).toBe(!parsed.success);
        if (parsed.success) expect(outcome).toEqual(toCard(parsed.data));
      }),
      { numRuns: 1000 },
    );
  });

  test('and the documentation come from the one schema', () => {
    const { $defs } = z.toJSONSchema(cardRowSchema, { io: 'input', unrepresentable: 'any' });
    expect($defs?.['CardRow']).toMatchObject({
      additionalProperties: false,
      required: ['title', 'body'],
      properties: { title: { minLength: 1, maxLength: cardLimits.title } },
    });
  });
});
