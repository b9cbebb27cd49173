import { readRange } from './byte-range.js';

describe('a range of a file of 100 bytes', () => {
  test.each([
    ['bytes=0-9', { start: 0, end: 9 }],
    ['bytes=90-', { start: 90, end: 99 }],
    ['bytes=90-1000', { start: 90, end: 99 }],
    ['bytes=-10', { start: 90, end: 99 }],
    ['bytes=-1000', { start: 0, end: 99 }],
    ['Bytes = 5 - 5', { start: 5, end: 5 }],
  ])('%s is served', (header, range) => {
    expect(readRange(header, 100)).toEqual(range);
  });

  test.each(['bytes=100-', 'bytes=100-200', 'bytes=-0'])('%s lies outside of it', (header) => {
    expect(readRange(header, 100)).toBe('unsatisfiable');
  });

  test.each([undefined, '', 'bytes=-', 'bytes=9-0', 'bytes=0-1,5-6', 'lines=0-9', 'bytes=a-b'])(
    '%s is no range: the whole file answers it',
    (header) => {
      expect(readRange(header, 100)).toBeUndefined();
    },
  );

  test('of an empty file there is none', () => {
    expect(readRange('bytes=0-', 0)).toBe('unsatisfiable');
    expect(readRange('bytes=-5', 0)).toBe('unsatisfiable');
  });
});
