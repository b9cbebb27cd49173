import { etagOf } from './etag.js';

describe('an entity tag', () => {
  it('is equal for equal bytes and another for others', () => {
    expect(etagOf('{"id":1}')).toBe(etagOf('{"id":1}'));
    expect(etagOf('{"id":1}')).not.toBe(etagOf('{"id":2}'));
  });

  it('is strong: quoted, without W/', () => {
    expect(etagOf('x')).toMatch(/^"[\w-]+"$/);
  });
});
