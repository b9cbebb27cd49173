/** A dataset as far as sharing goes. */
export interface Share {
  readonly weight: number;
  /** Most it can give. */
  readonly available: number;
}

/**
 * Divides `total` by weight with the method of largest remainders (Hamilton): everybody gets the whole part of its
 * share, what is left goes to the largest fractions. What one cannot give is divided among the others in the same way.
 * The result adds up to `total`, or to all there is.
 * @param random breaks ties between equal fractions, or the first dataset would get every single item
 */
export function quotas(
  total: number,
  shares: readonly Share[],
  random: () => number = Math.random,
): number[] {
  const given = shares.map(() => 0);
  let missing = total;
  while (missing > 0) {
    const open = shares.flatMap((share, place) =>
      share.weight > 0 && (given[place] ?? 0) < share.available ? [{ ...share, place }] : [],
    );
    if (open.length === 0) break;
    const parts = largestRemainders(
      missing,
      open.map(({ weight }) => weight),
      random,
    );
    open.forEach(({ place, available }, index) => {
      const before = given[place] ?? 0;
      given[place] = Math.min(available, before + (parts[index] ?? 0));
      missing -= (given[place] ?? 0) - before;
    });
  }
  return given;
}

/** Whole numbers in proportion to the weights that add up to `total`, none further than 1 from its exact share. */
export function largestRemainders(
  total: number,
  weights: readonly number[],
  random: () => number = Math.random,
): number[] {
  const sum = weights.reduce((one, other) => one + other, 0);
  if (sum === 0) return weights.map(() => 0);
  // In whole numbers: fractions of thirds would not compare equal.
  const parts = weights.map((weight) => Math.floor((total * weight) / sum));
  const left = total - parts.reduce((one, other) => one + other, 0);
  const order = weights
    .map((weight, place) => ({ place, remainder: (total * weight) % sum, tie: random() }))
    .sort((one, other) => other.remainder - one.remainder || one.tie - other.tie);
  for (const { place } of order.slice(0, left)) parts[place] = (parts[place] ?? 0) + 1;
  return parts;
}
