import { text } from '@hornbook/contracts';
import * as fc from 'fast-check';
import { z } from 'zod';
import { compile, knownText } from './compile-schema.js';

describe('a compiled schema', () => {
  test.each([
    ['text with bounds', knownText({ min: 2, max: 4 })],
    ['text that patterns were added to', knownText({ min: 2, max: 4 }).regex(/^a/).regex(/b$/)],
    ['text that a rule was added to', knownText().refine((value) => value !== 'ab')],
    ['text without bounds', knownText()],
    ['text of others', text({ min: 2, max: 4 })],
    ['a plain string with a check', z.string().min(3)],
    ['a list', z.array(knownText({ max: 2 })).max(2)],
    ['a list with a least size', z.array(text()).min(1)],
    ['a word', z.enum(['a', 'ab'])],
    ['what may be absent', knownText({ min: 1 }).nullish()],
    ['a truth value', z.boolean()],
    ['a refined value', z.string().refine((value) => value !== 'ab')],
    ['a value with a default', text().default('a')],
    ['a number', z.int().min(1)],
  ])('accepts what the schema accepts, and nothing else: %s', (_, schema) => {
    const isCertain = compile(schema);
    const value = fc.oneof(
      fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\u0000', '\ud83d', '🙂'), maxLength: 5 }),
      fc.array(fc.string({ unit: fc.constantFrom('a', '🙂', '\u0000'), maxLength: 3 }), { maxLength: 3 }),
      fc.anything(),
    );
    fc.assert(
      fc.property(value, (each) => {
        expect(isCertain(each)).toBe(schema.safeParse(each).success);
      }),
      { numRuns: 500 },
    );
  });

  test('of an object takes no unknown, missing or inherited member', () => {
    const isCertain = compile(z.strictObject({ title: knownText({ min: 1 }), body: knownText().nullish() }));
    expect(isCertain({ title: 'a' })).toBe(true);
    expect(isCertain({ title: 'a', body: null })).toBe(true);
    expect(isCertain({ body: 'a' })).toBe(false);
    expect(isCertain({ title: 'a', other: 1 })).toBe(false);
    expect(isCertain(JSON.parse('{"title":"a","__proto__":{"x":1}}'))).toBe(false);
    expect(isCertain(Object.assign(Object.create({ other: 1 }) as object, { title: 'a' }))).toBe(false);
    for (const other of [null, undefined, 'a', 1, [], [{ title: 'a' }]]) expect(isCertain(other)).toBe(false);
  });

  test('leaves an object that drops or keeps unknown members to the schema', () => {
    expect(compile(z.object({ title: text() }))({ title: 'a', other: 1 })).toBe(true);
    expect(compile(z.looseObject({ title: text() }))({ title: 1 })).toBe(false);
  });
});
