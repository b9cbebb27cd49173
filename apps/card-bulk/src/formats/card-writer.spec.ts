import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { gunzipSync } from 'node:zlib';
import { cardColumns, toCard, type Card } from '../cards/card.schema.js';
import {
  bytesOf,
  createCardWriter,
  writeBatches,
  type ExportFormat,
  type WriteOptions,
} from './card-writer.js';

const card = (overrides: Partial<Card> = {}): Card => ({
  ...toCard({ title: 'How to Build Momentum', body: 'The key is\nto start.' }),
  id: '0190f3a0-0000-7000-8000-000000000001',
  category: 'BUSINESS',
  privacy_level: 'BUSINESS',
  tags: ['business', 'growth'],
  source_platform: 'twitter',
  created_at: '2026-03-02T10:15:00.000Z',
  ...overrides,
});

async function* batches(...all: Card[][]): AsyncGenerator<Card[]> {
  yield* all;
}

const written = async (format: ExportFormat, cards: Card[][], options: WriteOptions = {}): Promise<string> =>
  (await Array.fromAsync(writeBatches(createCardWriter(format, options), batches(...cards)))).join('');

describe('an export', () => {
  test.each([[[]], [[[card()]]], [[[card()], [card(), card()]]], [[[], [card()], []]]])(
    'as JSON is one array, however the cards came (%#)',
    async (cards) => {
      expect(JSON.parse(await written('json', cards))).toEqual(cards.flat());
    },
  );

  test('as NDJSON is one card on each line', async () => {
    const lines = (await written('ndjson', [[card()], [card({ title: 'Second' })]])).split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([card(), card({ title: 'Second' })]);
  });

  test('of equal cards is of equal bytes, whatever the order of their members', async () => {
    const turned = Object.fromEntries(Object.entries(card()).reverse()) as unknown as Card;
    for (const format of ['json', 'ndjson', 'csv', 'markdown'] as const)
      expect(await written(format, [[turned]])).toBe(await written(format, [[card()]]));
  });

  test('as CSV is what another reader of CSV understands, in the columns of the original and more', async () => {
    const [header, ...records] = parse(await written('csv', [[card({ title: 'A "b", c' })]]));
    expect(header?.slice(0, 6)).toEqual(['id', 'title', 'body', 'category', 'privacy_level', 'tags']);
    expect(header).toEqual([...cardColumns]);
    expect(records).toHaveLength(1);
    expect(Object.fromEntries(cardColumns.map((name, place) => [name, records[0]?.[place]]))).toMatchObject({
      title: 'A "b", c',
      body: 'The key is\nto start.',
      tags: 'business,growth',
      is_published: 'no',
      published_at: '',
      metadata: '',
    });
  });

  test('as CSV runs nothing in a spreadsheet, unless that is asked for', async () => {
    const cards = [[card({ title: '=cmd|calc!A1', tags: ['@SUM(A1)'] })]];
    expect(await written('csv', cards)).toContain(",'=cmd|calc!A1,");
    expect(await written('csv', cards)).toContain(",'@SUM(A1),");
    expect(await written('csv', cards, { escapeFormulas: false })).toContain(',=cmd|calc!A1,');
  });

  test('as CSV has tags as a list of commas, and as JSON where that could be misread', async () => {
    const column = async (tags: string[]): Promise<unknown> => {
      const [, record] = parse(await written('csv', [[card({ tags })]], { columns: ['title', 'tags'] }));
      return record?.[1];
    };
    expect(await column(['a', 'b c'])).toBe('a,b c');
    expect(await column(['a,b', 'c'])).toBe('["a,b","c"]');
    expect(await column([' a'])).toBe('[" a"]');
    expect(await column(['[a'])).toBe('["[a"]');
    expect(await column([])).toBe('');
  });

  test('as CSV starts with a byte order mark on request', async () => {
    expect(await written('csv', [], { byteOrderMark: true, columns: ['title', 'body'] })).toBe(
      '\ufefftitle,body\r\n',
    );
  });

  test('as Markdown is for people to read', async () => {
    expect(await written('markdown', [[card({ title: 'Two\nlines' })], [card({ tags: [] })]])).toBe(
      `# Two lines

- **Category:** BUSINESS
- **Privacy:** BUSINESS
- **Tags:** business, growth
- **Source:** twitter
- **Created:** 2026-03-02T10:15:00.000Z

---

The key is
to start.

${'='.repeat(80)}

# How to Build Momentum

- **Category:** BUSINESS
- **Privacy:** BUSINESS
- **Source:** twitter
- **Created:** 2026-03-02T10:15:00.000Z

---

The key is
to start.
`,
    );
  });

  test('as CSV has the same cells whether a card comes as values or as the database writes them', () => {
    const word = fc.oneof(
      fc.string({
        minLength: 1,
        unit: fc.constantFrom(
          'a',
          '-',
          '1',
          ' ',
          ',',
          '"',
          '[',
          ']',
          '=',
          '@',
          "'",
          '\\',
          '\t',
          '\n',
          '\ufeff',
          'ä',
        ),
      }),
      fc.constantFrom('business', 'growth-2', '=1+1', '[', ' padded '),
    );
    const cards = fc.record({
      title: word,
      body: word,
      tags: fc.array(word, { maxLength: 4 }),
      source_platform: fc.option(word),
      is_published: fc.boolean(),
      related_card_ids: fc.array(fc.uuid(), { maxLength: 2 }),
      metadata: fc.dictionary(word, fc.oneof(word, fc.integer(), fc.constant(null)), {
        noNullPrototype: true,
      }),
    });
    const source = (value: unknown): string | null => {
      if (value === null || typeof value === 'string') return value;
      return typeof value === 'boolean' ? (value ? 't' : 'f') : JSON.stringify(value);
    };
    for (const escapeFormulas of [true, false]) {
      const { batch, ofCells } = createCardWriter('csv', { escapeFormulas });
      fc.assert(
        fc.property(cards, (overrides) => {
          const given = card(overrides);
          const cells = cardColumns.map((column) => source(given[column]));
          expect(ofCells?.(cells)).toBe(batch([given], true));
        }),
      );
    }
  });

  test('has only the members that are wanted, in their usual order', async () => {
    expect(await written('ndjson', [[card()]], { columns: ['tags', 'title'] })).toBe(
      '{"title":"How to Build Momentum","tags":["business","growth"]}\n',
    );
  });

  test('is packed on request', async () => {
    const pieces = writeBatches(createCardWriter('ndjson'), batches([card()]));
    const packed = Buffer.concat((await Array.fromAsync(bytesOf(pieces, 'gzip'))) as Buffer[]);
    expect(gunzipSync(packed).toString()).toBe(await written('ndjson', [[card()]]));
  });

  test.each(['identity', 'gzip'] as const)(
    'that fails in the middle does not end as if it were whole (%s)',
    async (packing) => {
      async function* failing(): AsyncGenerator<Card[]> {
        yield [card()];
        throw new Error('the database went away');
      }
      const bytes = bytesOf(writeBatches(createCardWriter('ndjson'), failing()), packing);
      await expect(Array.fromAsync(bytes)).rejects.toThrow('the database went away');
    },
  );
});
