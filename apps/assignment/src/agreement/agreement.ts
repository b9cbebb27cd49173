/**
 * Units that were rated alike. `counts[label]` says how many raters gave a unit that label; who gave which does not
 * matter to the measures here. `units` says how many such units there are.
 */
export interface RatedUnits {
  readonly counts: readonly number[];
  readonly units: number;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Ordered pairs of raters of one unit that gave it the same label. */
function agreeingPairs(counts: readonly number[]): number {
  return sum(counts.map((count) => count * (count - 1)));
}

/** Units with fewer than two ratings say nothing of agreement. */
function pairable(rated: readonly RatedUnits[]): RatedUnits[] {
  return rated.filter(({ counts, units }) => units > 0 && sum(counts) >= 2);
}

/**
 * Share of agreeing pairs of raters, averaged over units: the observed agreement of Fleiss (1971), here for any number
 * of raters a unit.
 * @returns 0 to 1; null when no unit was rated twice
 */
export function percentAgreement(rated: readonly RatedUnits[]): number | null {
  const paired = pairable(rated);
  if (paired.length === 0) return null;
  const agreed = paired.map(({ counts, units }) => {
    const raters = sum(counts);
    return (units * agreeingPairs(counts)) / (raters * (raters - 1));
  });
  return sum(agreed) / sum(paired.map(({ units }) => units));
}

/** Agreement above what chance would bring; null where chance alone brings all of it and nothing can be said. */
function aboveChance(observed: number, expected: number): number | null {
  return expected >= 1 ? null : (observed - expected) / (1 - expected);
}

/**
 * Cohen's kappa of two raters. Cohen, J. (1960), "A coefficient of agreement for nominal scales", Educational and
 * Psychological Measurement 20, 37–46.
 * @param matrix `matrix[a][b]`: units that the first rater gave label a and the second label b
 * @returns −1 to 1; null when there are no units, or both raters used one label alone
 */
export function cohensKappa(matrix: readonly (readonly number[])[]): number | null {
  const units = sum(matrix.map(sum));
  if (units === 0) return null;
  const observed = sum(matrix.map((row, label) => row[label] ?? 0)) / units;
  const expected = sum(matrix.map((row, label) => sum(row) * sum(matrix.map((other) => other[label] ?? 0))));
  return aboveChance(observed, expected / units ** 2);
}

/**
 * Fleiss' kappa: many raters, the same number for every unit, not the same persons. Fleiss, J. L. (1971), "Measuring
 * nominal scale agreement among many raters", Psychological Bulletin 76, 378–382.
 * @returns −1 to 1; null when no unit was rated twice, or one label was used alone
 * @throws RangeError when units differ in their number of raters: use Krippendorff's alpha there
 */
export function fleissKappa(rated: readonly RatedUnits[]): number | null {
  const given = rated.filter(({ units }) => units > 0);
  const raters = sum(given[0]?.counts ?? []);
  if (given.some(({ counts }) => sum(counts) !== raters)) {
    throw new RangeError('Fleiss’ kappa needs the same number of raters for every unit');
  }
  const observed = percentAgreement(given);
  if (observed === null) return null;
  const totals = labelTotals(given);
  const ratings = sum(totals);
  return aboveChance(observed, sum(totals.map((total) => (total / ratings) ** 2)));
}

/**
 * Krippendorff's alpha for nominal labels: any number of raters a unit, so that missing ratings are no obstacle.
 * Krippendorff, K. (2011), "Computing Krippendorff's Alpha-Reliability", sections A to C.
 * @returns at most 1; null when no unit was rated twice, or one label was used alone
 */
export function krippendorffsAlpha(rated: readonly RatedUnits[]): number | null {
  const paired = pairable(rated);
  const totals = labelTotals(paired);
  const ratings = sum(totals);
  // Both are sums over the coincidence matrix, in which a unit of m ratings weighs m.
  const agreed = sum(paired.map(({ counts, units }) => (units * agreeingPairs(counts)) / (sum(counts) - 1)));
  const disagreementByChance = ratings ** 2 - sum(totals.map((total) => total ** 2));
  if (disagreementByChance === 0) return null;
  return 1 - ((ratings - 1) * (ratings - agreed)) / disagreementByChance;
}

function labelTotals(rated: readonly RatedUnits[]): number[] {
  const labels = Math.max(0, ...rated.map(({ counts }) => counts.length));
  return Array.from({ length: labels }, (_, label) =>
    sum(rated.map(({ counts, units }) => units * (counts[label] ?? 0))),
  );
}
