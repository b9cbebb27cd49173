import { etagOf, isNamedBy } from './etag.js';

describe('an entity tag', () => {
  it('is equal for equal bytes and another for others', () => {
    expect(etagOf('{"id":1}')).toBe(etagOf('{"id":1}'));
    expect(etagOf('{"id":1}')).not.toBe(etagOf('{"id":2}'));
  });

  it('is strong: quoted, without W/', () => {
    expect(etagOf('x')).toMatch(/^"[\w-]+"$/);
  });

  const etag = etagOf('x');
  it.each([
    [undefined, false],
    ['', false],
    ['*', true],
    [' * ', true],
    [etag, true],
    [`W/${etag}`, true],
    [`"a", ${etag} , "b"`, true],
    [etag.slice(1, -1), false],
    ['"a", "b"', false],
  ])('is named by If-None-Match %j: %s', (header, expected) => {
    expect(isNamedBy(header, etag)).toBe(expected);
  });
});
