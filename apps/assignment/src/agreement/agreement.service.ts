import { Database } from '@hornbook/database';
import { NotFoundError } from '@hornbook/service-kit';
import { Injectable } from '@nestjs/common';
import { reviewLabels, type ReviewLabel } from '../reviews/reviews.schemas.js';
import { cohensKappa } from './agreement.js';
import { MOST_PAIRS, MOST_TAGS, type Agreement, type AgreementQuery } from './agreement.schemas.js';
import { measuresOf, type Pattern } from './measures.js';

interface PairCell {
  readonly a: string;
  readonly b: string;
  readonly labelA: ReviewLabel;
  readonly labelB: ReviewLabel;
  readonly units: number;
}

/*
 * Reviews of rounds that have ended, however they did: those of an open one are still blind. Reduced to how many rounds
 * were labelled alike, of which there are few, before anything leaves the database.
 */
const REVIEWED = `
  review_rounds AS r JOIN review_slots AS s ON s.item_pk = r.item_pk AND s.round = r.round
  WHERE r.dataset_id = $1 AND r.state <> 'open' AND s.submitted_at IS NOT NULL
    AND ($2::text IS NULL OR EXISTS (SELECT FROM item_states AS i WHERE i.item_pk = r.item_pk AND i.tags @> ARRAY[$2]))`;

const UNITS = `
  SELECT r.item_pk, r.round, count(*) FILTER (WHERE s.label = 'approved')::integer AS approved,
    count(*) FILTER (WHERE s.label = 'edited')::integer AS edited,
    count(*) FILTER (WHERE s.label = 'deleted')::integer AS deleted
  FROM ${REVIEWED} GROUP BY r.item_pk, r.round HAVING count(*) > 1`;

const PATTERNS = `
  SELECT approved, edited, deleted, count(*)::integer AS units FROM (${UNITS}) AS units
  GROUP BY approved, edited, deleted`;

const BY_TAG = `
  WITH tagged AS MATERIALIZED (
    SELECT tag, approved, edited, deleted, count(*)::integer AS units
    FROM (${UNITS}) AS units JOIN item_states USING (item_pk) CROSS JOIN unnest(tags) AS tag
    GROUP BY tag, approved, edited, deleted
  ), listed AS (
    SELECT tag, sum(units) AS items FROM tagged GROUP BY tag ORDER BY items DESC, tag LIMIT ${String(MOST_TAGS)}
  )
  SELECT tagged.* FROM listed JOIN tagged USING (tag) ORDER BY listed.items DESC, tag`;

const PAIRS = `
  WITH reviewed AS MATERIALIZED (SELECT r.item_pk, r.round, s.reviewer, s.label FROM ${REVIEWED}), cell AS MATERIALIZED (
    SELECT one.reviewer AS a, other.reviewer AS b, one.label AS "labelA", other.label AS "labelB", count(*)::integer AS units
    FROM reviewed AS one JOIN reviewed AS other USING (item_pk, round)
    WHERE one.reviewer < other.reviewer GROUP BY 1, 2, 3, 4
  ), pair AS (
    SELECT a, b, sum(units) AS items FROM cell GROUP BY a, b ORDER BY items DESC, a, b LIMIT ${String(MOST_PAIRS)}
  )
  SELECT cell.* FROM pair JOIN cell USING (a, b) ORDER BY pair.items DESC, a, b`;

/** Measures how far the reviewers of a dataset agree. */
@Injectable()
export class AgreementService {
  constructor(private readonly database: Database) {}

  /** @throws NotFoundError for an unknown dataset */
  async of(dataset: string, { tag }: AgreementQuery): Promise<Agreement> {
    const [row] = await this.database.query<{ id: number }>('SELECT id FROM datasets WHERE name = $1', [
      dataset,
    ]);
    if (!row) throw new NotFoundError(`Dataset ${dataset}`);
    const parameters = [row.id, tag ?? null];
    const [patterns, tagged, cells] = await Promise.all([
      this.database.query<Pattern>(PATTERNS, parameters),
      this.database.query<Pattern & { tag: string }>(BY_TAG, parameters),
      this.database.query<PairCell>(PAIRS, parameters),
    ]);
    return {
      dataset,
      tag: tag ?? null,
      ...measuresOf(patterns),
      cohensKappa: pairwise(cells),
      byTag: [...Map.groupBy(tagged, (pattern) => pattern.tag)].map(([name, ofTag]) => ({
        tag: name,
        ...measuresOf(ofTag),
      })),
    };
  }
}

function pairwise(cells: readonly PairCell[]): Agreement['cohensKappa'] {
  const pairs = [...Map.groupBy(cells, ({ a, b }) => JSON.stringify([a, b])).values()].map((ofPair) => {
    const matrix = reviewLabels.map((labelA) =>
      reviewLabels.map(
        (labelB) => ofPair.find((cell) => cell.labelA === labelA && cell.labelB === labelB)?.units ?? 0,
      ),
    );
    const items = ofPair.reduce((sum, { units }) => sum + units, 0);
    const alike = ofPair.reduce((sum, { labelA, labelB, units }) => sum + (labelA === labelB ? units : 0), 0);
    const reviewers: [string, string] = [ofPair[0]?.a ?? '', ofPair[0]?.b ?? ''];
    return { reviewers, items, percentAgreement: alike / items, kappa: cohensKappa(matrix) };
  });
  const defined = pairs.flatMap(({ kappa }) => (kappa === null ? [] : [kappa]));
  const mean = defined.length === 0 ? null : defined.reduce((sum, kappa) => sum + kappa, 0) / defined.length;
  return { mean, pairs };
}
