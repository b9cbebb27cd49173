import { retryAfter, retryDelay } from './retry-schedule.js';

const delays = [60_000, 120_000, 300_000];
const now = Date.parse('2026-03-02T10:15:00Z');
const hour = 3_600_000;

describe('retry schedule', () => {
  it.each([
    [1, 60_000],
    [2, 120_000],
    [3, 300_000],
    [4, undefined],
  ])('after failure %i waits %p ms', (failures, expected) => {
    expect(retryDelay(delays, failures)).toBe(expected);
  });

  it('waits as long as the platform asks, but not more often than the schedule allows', () => {
    expect(retryDelay(delays, 1, 5_000)).toBe(5_000);
    expect(retryDelay(delays, 4, 5_000)).toBeUndefined();
  });
});

describe('Retry-After', () => {
  it.each([
    ['120', 120_000],
    ['Mon, 02 Mar 2026 10:15:30 GMT', 30_000],
    ['Monday, 02-Mar-26 10:15:30 GMT', 30_000],
    [' 7 ', 7_000],
  ])('%p is %i ms', (header, expected) => {
    expect(retryAfter(header, now, hour)).toBe(expected);
  });

  it('is capped, and never at once', () => {
    expect(retryAfter('999999', now, hour)).toBe(hour);
    expect(retryAfter('0', now, hour)).toBe(1_000);
    expect(retryAfter('Mon, 02 Mar 2026 10:00:00 GMT', now, hour)).toBe(1_000);
  });

  it.each([undefined, '', 'soon', '-5', '1.5', '99999999999999', '2026-03-02'])(
    '%p says nothing',
    (header) => {
      expect(retryAfter(header, now, hour)).toBeUndefined();
    },
  );
});
