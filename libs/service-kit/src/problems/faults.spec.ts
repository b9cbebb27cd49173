import { z } from 'zod';
import { bulkImportRequestSchema, text } from '@hornbook/contracts';
import { faultsOf, fieldPath } from './faults.js';

const faults = (schema: z.ZodType, value: unknown, root?: string): ReturnType<typeof faultsOf> =>
  faultsOf(schema.safeParse(value, { reportInput: true }).error?.issues ?? [], root);

describe('the path of a fault', () => {
  test.each([
    [['dialogues', 0, 'phrases', 2, 'reference_text'], 'dialogues[0].phrases[2].reference_text'],
    [['title'], 'title'],
    [[3], '[3]'],
    [[0, 'id'], '[0].id'],
    [[], 'body'],
  ])('%j is %s', (path, field) => {
    expect(fieldPath(path)).toBe(field);
  });

  test('of the value itself is the name it is asked under', () => {
    expect(fieldPath([], 'limit')).toBe('limit');
  });
});

describe('faults', () => {
  test('of a whole request are told all at once, each with its place', () => {
    const phrase = { reference_text: 'Hi', order: 1 };
    const body = {
      dialogues: [
        {
          title: 'A coffee',
          category_name: 'Cooking',
          difficulty_level: 'beginner',
          phrases: [phrase, { ...phrase, order: '2' }],
          colour: 'red',
        },
      ],
      batch_id: 'batch-1',
    };
    expect(faults(bulkImportRequestSchema, body)).toEqual([
      {
        field: 'dialogues[0].category_name',
        error: expect.stringMatching(
          /^Value "Cooking" is not allowed \(allowed: Professional, Travel, /,
        ) as string,
        code: 'invalid_value',
      },
      {
        field: 'dialogues[0].phrases[0].reference_text',
        error: 'String too short (minimum 5 characters)',
        code: 'too_short',
      },
      {
        field: 'dialogues[0].phrases[1].reference_text',
        error: 'String too short (minimum 5 characters)',
        code: 'too_short',
      },
      {
        field: 'dialogues[0].phrases[1].order',
        error: 'Expected a number, got a string',
        code: 'invalid_type',
      },
      { field: 'dialogues[0].colour', error: 'Unknown member', code: 'unknown_member' },
      { field: 'source', error: 'Required', code: 'required' },
      {
        field: 'batch_id',
        error: 'Must look like batch-YYYY-MM-DD-HHMMSS (got "batch-1")',
        code: 'invalid_format',
      },
    ]);
  });

  test.each([
    ['a missing member is required', z.object({ a: z.string() }), {}, 'a', 'Required', 'required'],
    [
      'a missing word is required, and told what is allowed',
      z.object({ a: z.enum(['x', 'y']) }),
      {},
      'a',
      'Required (allowed: x, y)',
      'required',
    ],
    [
      'null is not a missing member',
      z.object({ a: z.string() }),
      { a: null },
      'a',
      'Expected a string, got null',
      'invalid_type',
    ],
    [
      'a wrong kind',
      z.object({ a: z.boolean() }),
      { a: 'true' },
      'a',
      'Expected true or false, got a string',
      'invalid_type',
    ],
    [
      'a list for an object',
      z.object({ a: z.string() }),
      [],
      'body',
      'Expected an object, got an array',
      'invalid_type',
    ],
    ['no body at all', z.object({ a: z.string() }), undefined, 'body', 'Required', 'required'],
    [
      'a query that is no number',
      z.object({ limit: z.coerce.number() }),
      { limit: 'many' },
      'limit',
      'Expected a number, got something else',
      'invalid_type',
    ],
    [
      'a fraction',
      z.object({ a: z.int() }),
      { a: 1.5 },
      'a',
      'Expected an integer, got a number',
      'invalid_type',
    ],
    [
      'a number below the least',
      z.object({ a: z.number().min(1) }),
      { a: 0 },
      'a',
      'Number too small (minimum 1)',
      'too_small',
    ],
    [
      'a number above the most',
      z.object({ a: z.number().max(9) }),
      { a: 10 },
      'a',
      'Number too large (maximum 9)',
      'too_large',
    ],
    [
      'a string too short',
      z.object({ a: z.string().min(1) }),
      { a: '' },
      'a',
      'String too short (minimum 1 character)',
      'too_short',
    ],
    [
      'a string too long',
      z.object({ a: z.string().max(2) }),
      { a: 'abc' },
      'a',
      'String too long (maximum 2 characters)',
      'too_long',
    ],
    [
      'too few items',
      z.object({ a: z.array(z.int()).min(2) }),
      { a: [1] },
      'a',
      'Too few items (minimum 2 items)',
      'too_few',
    ],
    [
      'too many items',
      z.object({ a: z.array(z.int()).max(1) }),
      { a: [1, 2] },
      'a',
      'Too many items (maximum 1 item)',
      'too_many',
    ],
    [
      'a text that Postgres could not store',
      z.object({ a: text() }),
      { a: '\u0000' },
      'a',
      'String contains a NUL character (U+0000), which is not allowed',
      'invalid_text',
    ],
  ])('%s', (_, schema, value, field, error, code) => {
    expect(faults(schema, value)).toEqual([{ field, error, code }]);
  });

  test('of unknown members are one each', () => {
    expect(faults(z.strictObject({}), { a: 1, b: 2 }).map(({ field }) => field)).toEqual(['a', 'b']);
  });

  test('quote a value shortly, however long it is', () => {
    const [fault] = faults(z.object({ a: z.enum(['x']) }), { a: 'y'.repeat(10_000) });
    expect(fault?.error.length).toBeLessThan(120);
  });

  test('of an argument by itself carry its name', () => {
    expect(faults(z.uuid(), 'x', 'id')).toEqual([
      { field: 'id', error: 'Invalid UUID (got "x")', code: 'invalid_format' },
    ]);
  });
});
