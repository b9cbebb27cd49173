import fc from 'fast-check';
import {
  cohensKappa,
  fleissKappa,
  krippendorffsAlpha,
  percentAgreement,
  type RatedUnits,
} from './agreement.js';

/** Reliability data, one text a rater and one character a unit; a dot is a missing rating. */
function ratedBy(...raters: readonly string[]): RatedUnits[] {
  const labels = [...new Set(raters.join('').replaceAll('.', ''))];
  return Array.from(raters[0] ?? '', (_, unit) => ({
    counts: labels.map((label) => raters.filter((rater) => rater[unit] === label).length),
    units: 1,
  }));
}

const once = (...rows: readonly number[][]): RatedUnits[] => rows.map((counts) => ({ counts, units: 1 }));

// Krippendorff (2011), section C: four observers, twelve units, missing data.
const fourObservers = ratedBy('123321412...', '1233224125.3', '.3332342251.', '12332441251.');

// The worked example of https://en.wikipedia.org/wiki/Fleiss%27_kappa: fourteen raters, ten subjects, five labels.
const fourteenRaters = once(
  [0, 0, 0, 0, 14],
  [0, 2, 6, 4, 2],
  [0, 0, 3, 5, 6],
  [0, 3, 9, 2, 0],
  [2, 2, 8, 1, 1],
  [7, 7, 0, 0, 0],
  [3, 2, 6, 3, 0],
  [2, 5, 3, 2, 2],
  [6, 5, 2, 1, 0],
  [0, 2, 2, 3, 7],
);

describe('percent agreement', () => {
  it('is the observed agreement of the worked example of Fleiss’ kappa', () => {
    expect(percentAgreement(fourteenRaters)).toBeCloseTo(0.378, 3);
  });

  it('leaves out what was rated once', () => {
    expect(percentAgreement(once([2, 0], [1, 1], [1, 0], [0, 0]))).toBe(0.5);
    expect(percentAgreement(once([1, 0]))).toBeNull();
    expect(percentAgreement([])).toBeNull();
  });
});

describe('Cohen’s kappa', () => {
  // The examples of https://en.wikipedia.org/wiki/Cohen%27s_kappa; the first is the article's grant proposals.
  it.each([
    [
      [
        [20, 5],
        [10, 15],
      ],
      0.4,
    ],
    [
      [
        [45, 15],
        [25, 15],
      ],
      0.1304,
    ],
    [
      [
        [25, 35],
        [5, 35],
      ],
      0.2593,
    ],
  ])('of %j is %d', (matrix, expected) => {
    expect(cohensKappa(matrix)).toBeCloseTo(expected, 4);
  });

  it('is not defined where chance alone brings all agreement', () => {
    expect(
      cohensKappa([
        [9, 0],
        [0, 0],
      ]),
    ).toBeNull();
    expect(
      cohensKappa([
        [0, 0],
        [0, 0],
      ]),
    ).toBeNull();
  });

  it('is below zero where raters contradict each other', () => {
    expect(
      cohensKappa([
        [0, 5],
        [5, 0],
      ]),
    ).toBe(-1);
  });
});

describe('Fleiss’ kappa', () => {
  it('of the worked example with fourteen raters is 0.210', () => {
    expect(fleissKappa(fourteenRaters)).toBeCloseTo(0.21, 3);
  });

  it('refuses units with different numbers of raters', () => {
    expect(() => fleissKappa(once([2, 0], [2, 1]))).toThrow(RangeError);
  });

  it('is not defined where one label was used alone', () => {
    expect(fleissKappa(once([3, 0], [3, 0]))).toBeNull();
    expect(fleissKappa([])).toBeNull();
  });
});

describe('Krippendorff’s alpha', () => {
  // Krippendorff (2011): A two observers and binary data, B two observers and nominal data, C missing data.
  it.each([
    ['section A', ratedBy('0100000010', '1110010000'), 0.095],
    ['section B', ratedBy('aabbdcccedda', 'babbbccceddd'), 0.692],
    ['section C', fourObservers, 0.743],
    // https://en.wikipedia.org/wiki/Krippendorff%27s_alpha, "A computational example": three coders, fifteen units.
    ['the computational example', ratedBy('.....34121133.3', '1.213343.......', '..21344.21133.4'), 0.691],
  ])('of %s is as published', (_, rated, expected) => {
    expect(krippendorffsAlpha(rated)).toBeCloseTo(expected, 3);
  });

  it('is one where raters agree on more than one label, and not defined where there is one alone', () => {
    expect(krippendorffsAlpha(once([3, 0], [0, 2]))).toBe(1);
    expect(krippendorffsAlpha(once([3, 0], [2, 0]))).toBeNull();
    expect(krippendorffsAlpha([])).toBeNull();
  });
});

describe('every measure', () => {
  const counts = fc.array(fc.nat(3), { minLength: 3, maxLength: 3 });
  const patterns = fc.array(fc.record({ counts, units: fc.integer({ min: 1, max: 4 }) }), { maxLength: 12 });

  it('takes units that were rated alike together, and does not care for the order of units and labels', () => {
    fc.assert(
      fc.property(patterns, (rated) => {
        const apart = rated.flatMap((same) =>
          Array.from({ length: same.units }, () => ({ ...same, units: 1 })),
        );
        const turned = apart.toReversed().map((unit) => ({ ...unit, counts: unit.counts.toReversed() }));
        for (const measure of [percentAgreement, krippendorffsAlpha]) {
          const expected = measure(rated);
          for (const same of [measure(apart), measure(turned)]) {
            if (expected === null) expect(same).toBeNull();
            else expect(same).toBeCloseTo(expected, 9);
          }
        }
      }),
    );
  });

  it('never passes one', () => {
    fc.assert(
      fc.property(patterns, (rated) => {
        expect(krippendorffsAlpha(rated) ?? 0).toBeLessThanOrEqual(1 + 1e-12);
        expect(percentAgreement(rated) ?? 0).toBeLessThanOrEqual(1);
      }),
    );
  });
});
