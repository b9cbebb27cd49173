import * as fc from 'fast-check';
import { largestRemainders, quotas } from './quota.js';

const weights = fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 1, maxLength: 20 });

describe('largest remainders', () => {
  it.each([
    [10, [1, 1, 1], [4, 3, 3]],
    [100, [50, 30, 20], [50, 30, 20]],
    [7, [3, 2, 1], [4, 2, 1]],
    [0, [1, 2], [0, 0]],
  ])('divide %i by %j into %j', (total, given, expected) => {
    expect(largestRemainders(total, given, () => 0)).toEqual(expected);
  });

  it('add up, and stay within one of the exact share', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000 }), weights, (total, given) => {
        const sum = given.reduce((one, other) => one + other, 0);
        const parts = largestRemainders(total, given);
        expect(parts.reduce((one, other) => one + other, 0)).toBe(sum === 0 ? 0 : total);
        parts.forEach((part, place) => {
          expect(Math.abs(part - (total * given[place]!) / (sum || 1))).toBeLessThan(1);
        });
      }),
    );
  });

  it('give a single item to each in turn when shares are equal', () => {
    const winners = new Set(
      [0.1, 0.9].map((first) => {
        const ties = [first, 0.5];
        return largestRemainders(1, [1, 1], () => ties.shift()!).indexOf(1);
      }),
    );
    expect(winners.size).toBe(2);
  });
});

describe('quotas', () => {
  it('never ask for more than there is, and leave nothing that could be had', () => {
    const share = fc.record({
      weight: fc.integer({ min: 1, max: 100 }),
      available: fc.integer({ min: 0, max: 50 }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), fc.array(share, { maxLength: 10 }), (total, shares) => {
        const parts = quotas(total, shares);
        const supply = shares.reduce((sum, { available }) => sum + available, 0);
        expect(parts.reduce((sum, part) => sum + part, 0)).toBe(Math.min(total, supply));
        parts.forEach((part, place) => {
          expect(part).toBeLessThanOrEqual(shares[place]!.available);
        });
      }),
    );
  });
});
