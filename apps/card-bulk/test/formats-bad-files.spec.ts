import { gzipSync, zstdCompressSync } from 'node:zlib';
import {
  isUnreadable,
  readRows,
  UnreadableFileError,
  type FileFaultCode,
  type ReadRow,
} from '../src/formats/index.js';
import { pieces, readAll } from './support/files.js';

const line = (title: string): string => `${JSON.stringify({ title, body: 'B' })}\n`;
const ndjson = { format: 'ndjson' } as const;
const csv = { format: 'csv' } as const;

/** Index, line and title of a good row; index, line and code of a bad one. */
const brief = (row: ReadRow): unknown =>
  isUnreadable(row)
    ? [row.index, row.line, row.faults.map(({ code }) => code).join()]
    : [row.index, row.line, (row.row as { title?: string }).title];

const faultOf = (error: unknown): FileFaultCode | undefined =>
  error instanceof UnreadableFileError ? error.fileFault : undefined;

describe('a file of NDJSON', () => {
  test('is read with the place of every row; blank lines are lines and no rows', async () => {
    const { rows, error } = await readAll(
      `\ufeff${line('a')}\r\n  \n${line('b')}${line('c').trimEnd()}`,
      ndjson,
    );
    expect(error).toBeUndefined();
    expect(rows.map(brief)).toEqual([
      [0, 1, 'a'],
      [1, 4, 'b'],
      [2, 5, 'c'],
    ]);
  });

  test.each([
    ['no JSON', 'title=a', 'invalid_json', /starts with "title=a"|column 1/],
    ['a trailing comma', '{"title":"a",}', 'invalid_json', /unexpected "}" in column 14/],
    ['half an object', '{"title":"a","bo', 'invalid_json', /ends in the middle/],
  ])('with %s costs that row, whose text is kept', async (_, text, code, message) => {
    const { rows } = await readAll(`${line('a')}${text}\n${line('c')}`, ndjson);
    expect(rows.map(brief)).toEqual([
      [0, 1, 'a'],
      [1, 2, code],
      [2, 3, 'c'],
    ]);
    expect(rows[1]).toMatchObject({
      text,
      faults: [{ field: 'row', error: expect.stringMatching(message) }],
    });
  });

  test('with bytes that are no UTF-8 costs that row', async () => {
    const bytes = Buffer.concat([
      Buffer.from(line('a')),
      Buffer.from([0x7b, 0xff, 0x7d, 0x0a]),
      Buffer.from(line('\ufffd')),
    ]);
    expect((await readAll(bytes, ndjson)).rows.map(brief)).toEqual([
      [0, 1, 'a'],
      [1, 2, 'invalid_encoding'],
      [2, 3, '\ufffd'],
    ]);
  });

  test('with a line of 2 MB costs that row, wherever it stands', async () => {
    const long = line('x'.repeat(2_000_000));
    const { rows } = await readAll(`${line('a')}${long}${line('c')}${long.trimEnd()}`, {
      ...ndjson,
      size: 60_000,
    });
    expect(rows.map(brief)).toEqual([
      [0, 1, 'a'],
      [1, 2, 'too_long'],
      [2, 3, 'c'],
      [3, 4, 'too_long'],
    ]);
    expect((rows[1] as { text: string }).text).toHaveLength(10_000);
  });

  test.each([
    ['[\n{"title":"a"}\n]'],
    ['[{"title":"a"}]'],
    [`\ufeff [{"title":"${'x'.repeat(2_000_000)}"}]`],
  ])('that is a JSON array is refused once, and not line by line (%#)', async (text) => {
    const { rows, error } = await readAll(text, { ...ndjson, size: 60_000 });
    expect([rows, faultOf(error)]).toEqual([[], 'wrong_format']);
  });
});

describe('a file of CSV', () => {
  test('is read with BOM, Windows line ends and line feeds inside cells', async () => {
    const { rows, error } = await readAll('\ufefftitle,body,tags\r\n"a\r\nb",B,"x,y"\r\n\r\nc,B,\r\n', csv);
    expect(error).toBeUndefined();
    expect(rows).toEqual([
      { index: 0, line: 2, row: { title: 'a\r\nb', body: 'B', tags: ['x', 'y'] } },
      { index: 1, line: 5, row: { title: 'c', body: 'B' } },
    ]);
  });

  test.each([
    ['a quote that is never closed', '"b,B', /opened and not closed|never closed/],
    ['a quote inside a cell', '5" pipe,B', /inside a cell.*column 2/],
    ['text behind a closing quote', '"b" x,B', /closing quote.*column 3/],
  ])('with %s costs that row and no other', async (_, text, message) => {
    const others = Array.from({ length: 50 }, (__, at) => `"t ${at}","B, ""${at}"""`).join('\n');
    const { rows } = await readAll(`title,body\na,B\n${text}\n${others}\n`, csv);
    expect(rows).toHaveLength(52);
    expect(rows.filter(isUnreadable)).toMatchObject([
      { index: 1, line: 3, text, faults: [{ code: 'invalid_csv', error: expect.stringMatching(message) }] },
    ]);
  });

  test('whose quote stays open for more than a record may be long costs that row', async () => {
    const others = Array.from({ length: 30_000 }, (_, at) => `t${at},${'x'.repeat(50)}`).join('\n');
    const { rows } = await readAll(`title,body\n"a,B\n${others}`, { ...csv, size: 60_000 });
    expect(rows).toHaveLength(30_001);
    expect(rows.filter(isUnreadable).map(brief)).toEqual([[0, 2, 'invalid_csv']]);
  });

  test('with too few or too many cells costs that row', async () => {
    expect((await readAll('title,body\na\nb,B\nc,B,x\n', csv)).rows.map(brief)).toEqual([
      [0, 2, 'wrong_cell_count'],
      [1, 3, 'b'],
      [2, 4, 'wrong_cell_count'],
    ]);
  });

  test('with cells of no value of their column has every such cell told', async () => {
    const { rows } = await readAll('title,body,is_published,metadata,tags\na,B,maybe,{a},[x\n', csv);
    expect(rows).toMatchObject([
      {
        faults: [
          {
            field: 'is_published',
            code: 'invalid_value',
            error: 'Value "maybe" is not allowed (allowed: yes, no)',
          },
          { field: 'metadata', code: 'invalid_json' },
          { field: 'tags', code: 'invalid_json' },
        ],
      },
    ]);
  });

  test.each([
    ['title;body\na;B\n', 'wrong_delimiter'],
    ['title,body,title\na,B,c\n', 'duplicate_column'],
    ['title,body,colour\na,B,c\n', 'unknown_column'],
    ['title,tags\na,B\n', 'missing_column'],
    ['"title,body\na,B\n', 'broken_header'],
    ['title,body\ra,B\rb,B\r', 'wrong_line_ends'],
    [`title,body,${'x'.repeat(2_000_000)}`, 'broken_header'],
  ])('with the header of %j is refused as %s', async (text, code) => {
    const { rows, error } = await readAll(text, { ...csv, size: 60_000 });
    expect([rows, faultOf(error)]).toEqual([[], code]);
  });

  test('is read with another delimiter on request', async () => {
    expect((await readAll('title;body\na;B\n', { ...csv, delimiter: ';' })).rows.map(brief)).toEqual([
      [0, 2, 'a'],
    ]);
  });
});

describe('a file of either format', () => {
  test.each([
    ['', ndjson],
    ['\n \n', ndjson],
    ['', csv],
    ['title,body\r\n', csv],
  ])('that is empty (%j) is refused', async (text, options) => {
    expect(faultOf((await readAll(text, options)).error)).toBe('empty_file');
  });

  test.each([
    ['UTF-16', Buffer.from('\ufefftitle,body', 'utf16le')],
    ['Excel', Buffer.from('PK\u0003\u0004 and so on')],
    ['PDF', Buffer.from('%PDF-1.7')],
  ])('that is %s is refused by its name', async (name, bytes) => {
    const { error } = await readAll(bytes, csv);
    expect(faultOf(error)).toBe('wrong_format');
    expect((error as Error).message).toContain(name);
  });

  test.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const)('packed with %s is unpacked, declared or not', async (packing, pack) => {
    const bytes = pack(Buffer.from(line('a') + line('b')));
    for (const options of [{}, { packing }, { packing: 'identity' as const }]) {
      const { rows, batches } = await readAll(bytes, { ...ndjson, ...options });
      expect(rows.map(brief)).toEqual([
        [0, 1, 'a'],
        [1, 2, 'b'],
      ]);
      expect(batches.at(-1)?.checkpoint).toMatchObject({ packing, index: 2 });
    }
  });

  test('that is not packed as declared is refused', async () => {
    expect(faultOf((await readAll(line('a'), { ...ndjson, packing: 'gzip' })).error)).toBe('wrong_packing');
  });

  test.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const)('of %s that was cut off is refused after the rows before the cut', async (_, pack) => {
    const text = Array.from({ length: 20_000 }, (__, at) => line(`${Math.sqrt(at)} ${at}`)).join('');
    const bytes = pack(Buffer.from(text));
    const { rows, error } = await readAll(bytes.subarray(0, bytes.length / 2), { ...ndjson, size: 1000 });
    expect(faultOf(error)).toBe('truncated_packing');
    expect(rows.length).toBeGreaterThan(1000);
    expect(rows.some(isUnreadable)).toBe(false);
    expect(rows.map(({ index }) => index)).toEqual(rows.map((__, place) => place));
  });

  test.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const)('of %s that is damaged is refused', async (_, pack) => {
    const bytes = pack(
      Buffer.from(Array.from({ length: 5000 }, (__, at) => line(`${Math.sqrt(at)}`)).join('')),
    );
    const middle = Math.floor(bytes.length / 2);
    bytes.fill(0x55, middle, middle + 200);
    const { error } = await readAll(bytes, { ...ndjson, size: 1000 });
    expect(faultOf(error)).toMatch(/^(corrupt|truncated)_packing$/);
  });

  test('that unpacks to far more than it was is given up long before its end', async () => {
    const bomb = gzipSync(Buffer.alloc(40_000_000, 0x20));
    const limits = { ratioFrom: 1_000_000 };
    const { error } = await readAll(bomb, { ...ndjson, limits, size: 1000 });
    expect(faultOf(error)).toBe('unpacks_too_far');
  });

  test('of more bytes than allowed is refused, packed or not', async () => {
    const text = line('a').repeat(1000);
    const limits = { maxBytes: 10_000 };
    expect(faultOf((await readAll(text, { ...ndjson, limits })).error)).toBe('too_large');
    expect(faultOf((await readAll(gzipSync(text), { ...ndjson, limits })).error)).toBe('too_large');
  });

  test('of more rows than allowed is refused after those allowed; of just as many it is read', async () => {
    const { rows, error } = await readAll(line('a').repeat(6), { ...ndjson, limits: { maxRows: 5 } });
    expect([rows.length, faultOf(error)]).toEqual([5, 'too_many_rows']);
    expect((await readAll(line('a').repeat(5), { ...ndjson, limits: { maxRows: 5 } })).error).toBeUndefined();
  });

  test.each([['identity'], ['gzip'], ['zstd']] as const)(
    'whose connection is cut fails with what cut it (%s)',
    async (packing) => {
      const text = Buffer.from(line('a').repeat(50));
      const bytes = packing === 'gzip' ? gzipSync(text) : packing === 'zstd' ? zstdCompressSync(text) : text;
      async function* cut(): AsyncGenerator<Buffer> {
        yield bytes.subarray(0, 20);
        throw new Error('socket hang up');
      }
      await expect(Array.fromAsync(readRows(cut(), ndjson))).rejects.toThrow('socket hang up');
    },
  );

  test.each(['identity', 'gzip'])(
    'of which nobody wants the rest lets go of its source (%s)',
    async (packing) => {
      const text = Buffer.from(Array.from({ length: 5000 }, (_, at) => line(`${Math.sqrt(at)}`)).join(''));
      let isReleased = false;
      async function* source(): AsyncGenerator<Buffer> {
        try {
          yield* pieces(packing === 'gzip' ? gzipSync(text) : text, 1000);
        } finally {
          isReleased = true;
        }
      }
      for await (const { rows } of readRows(source(), { ...ndjson, batchSize: 10 })) {
        expect(rows).toHaveLength(10);
        break;
      }
      expect(isReleased).toBe(true);
    },
  );
});
