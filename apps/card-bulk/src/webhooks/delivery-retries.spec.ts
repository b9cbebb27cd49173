import { MAX_RETRIES, pauseAfter } from './delivery-retries.js';

describe('retries of a delivery', () => {
  const pauses = (jitter: number): (number | undefined)[] =>
    Array.from({ length: MAX_RETRIES + 1 }, (_, n) => pauseAfter(n + 1, 30_000, jitter));

  test('are six, each pause four times the one before', () => {
    expect(pauses(0)).toEqual([30_000, 120_000, 480_000, 1_920_000, 7_680_000, 30_720_000, undefined]);
  });

  test('come up to a tenth sooner', () => {
    expect(pauses(0.5)[0]).toBe(28_500);
  });
});
