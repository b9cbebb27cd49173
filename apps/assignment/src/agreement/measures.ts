import { fleissKappa, krippendorffsAlpha, percentAgreement, type RatedUnits } from './agreement.js';
import type { Measures } from './agreement.schemas.js';

/** Rounds that were labelled alike: how many reviews of each kind one has, and how many rounds there are. */
export interface Pattern {
  readonly approved: number;
  readonly edited: number;
  readonly deleted: number;
  readonly units: number;
}

const reviewsOf = ({ approved, edited, deleted }: Pattern): number => approved + edited + deleted;

/** All measures over some rounds; those with one review alone are left out. */
export function measuresOf(patterns: readonly Pattern[]): Measures {
  const paired = patterns.filter((pattern) => reviewsOf(pattern) >= 2);
  const rated = paired.map(ratedUnits);
  const total = (part: (pattern: Pattern) => number): number =>
    paired.reduce((sum, pattern) => sum + pattern.units * part(pattern), 0);
  const fleissReviewers = usualReviewers(paired);
  return {
    items: total(() => 1),
    reviews: total(reviewsOf),
    labels: {
      approved: total(({ approved }) => approved),
      edited: total(({ edited }) => edited),
      deleted: total(({ deleted }) => deleted),
    },
    percentAgreement: percentAgreement(rated),
    fleissKappa: fleissKappa(
      paired.filter((pattern) => reviewsOf(pattern) === fleissReviewers).map(ratedUnits),
    ),
    fleissReviewers,
    krippendorffsAlpha: krippendorffsAlpha(rated),
  };
}

function ratedUnits({ approved, edited, deleted, units }: Pattern): RatedUnits {
  return { counts: [approved, edited, deleted], units };
}

/** The number of reviews that most rounds have; of equals the greater one. */
function usualReviewers(patterns: readonly Pattern[]): number | null {
  const rounds = new Map<number, number>();
  for (const pattern of patterns) {
    const reviews = reviewsOf(pattern);
    rounds.set(reviews, (rounds.get(reviews) ?? 0) + pattern.units);
  }
  const [usual] = [...rounds].sort(([a, x], [b, y]) => y - x || b - a);
  return usual?.[0] ?? null;
}
