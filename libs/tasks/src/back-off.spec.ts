import { backOffMs } from './back-off.js';

describe('the back-off of a failing chunk', () => {
  const options = { retryBaseMs: 1_000, retryMaxMs: 60_000 };

  test('doubles with each try, up to its ceiling', () => {
    const longest = [1, 2, 3, 4, 7, 8, 100].map((attempt) => backOffMs(attempt, options, () => 1));
    expect(longest).toEqual([1_000, 2_000, 4_000, 8_000, 60_000, 60_000, 60_000]);
  });

  test('is less by up to a half, so that not all come back at once', () => {
    expect(backOffMs(2, options, () => 0)).toBe(1_000);
    expect(backOffMs(2, options, () => 0.5)).toBe(1_500);
  });
});
