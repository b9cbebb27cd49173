import { isNamedBy } from './etag.js';

it.each([
  [undefined, false],
  ['', false],
  ['*', true],
  [' * ', true],
  ['"x"', true],
  ['W/"x"', true],
  ['"a", "x" , "b"', true],
  ['x', false],
  ['"a", "b"', false],
])('an entity tag is named by If-None-Match %j: %s', (header, expected) => {
  expect(isNamedBy(header, '"x"')).toBe(expected);
});
