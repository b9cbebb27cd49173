import fc from 'fast-check';
import {
  claim,
  decide,
  expireLeases,
  overlapDataset,
  pathOf,
  review,
  reviewer,
  selfServe,
  type Json,
  type Place,
} from './support/reviewers.js';
import { startWorld, type World } from './support/world.js';

const REVIEWERS = ['ann', 'ben', 'cai', 'dee', 'writer'];

/** One thing that somebody does to one of the items. */
interface Step {
  readonly what:
    'claim' | 'serve' | 'save' | 'approve' | 'delete' | 'skip' | 'release' | 'expire' | 'decide' | 'reopen';
  readonly who: string;
  readonly item: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('claim' as const, 'serve' as const) },
    { weight: 6, arbitrary: fc.constantFrom('approve' as const, 'delete' as const, 'save' as const) },
    { weight: 2, arbitrary: fc.constantFrom('skip' as const, 'release' as const, 'expire' as const) },
    { weight: 1, arbitrary: fc.constantFrom('decide' as const, 'reopen' as const) },
  ),
  who: fc.constantFrom(...REVIEWERS),
  item: fc.nat(1),
});

/** What must hold of a dataset whatever was done to it, each as a query for violations. */
const INVARIANTS: Readonly<Record<string, string>> = {
  'a round has exactly its slots, and nobody two of them': `
    SELECT item_pk, round FROM review_rounds r JOIN review_slots s USING (item_pk, round) WHERE r.dataset_id = $1
    GROUP BY item_pk, round, required
    HAVING count(*) <> required OR count(reviewer) <> count(DISTINCT reviewer) OR count(submitted_at) > required`,
  'the author reviews nothing': `SELECT FROM review_slots WHERE dataset_id = $1 AND reviewer = 'writer'`,
  'an item that may be reviewed has one live round, any other has none': `
    SELECT i.item_pk FROM item_states i WHERE i.dataset_id = $1 AND (status IN ('draft', 'skipped'))::integer <>
      (SELECT count(*) FROM review_rounds r WHERE r.item_pk = i.item_pk AND state IN ('open', 'disputed'))`,
  'a round is agreed or disputed when all its reviews are in, and only then': `
    SELECT item_pk, round FROM review_rounds r JOIN review_slots s USING (item_pk, round) WHERE r.dataset_id = $1
    GROUP BY item_pk, round, state, required
    HAVING state <> CASE WHEN count(submitted_at) < required THEN 'open' WHEN count(DISTINCT answer_hash) = 1 THEN 'agreed'
      ELSE 'disputed' END AND state <> 'closed'`,
  'nobody holds a slot of a round that is over': `
    SELECT FROM review_rounds r JOIN review_slots s USING (item_pk, round)
    WHERE r.dataset_id = $1 AND state NOT IN ('open') AND open AND reviewer IS NOT NULL AND submitted_at IS NULL`,
  'each review was submitted once': `
    SELECT s.item_pk FROM review_slots s JOIN review_events e ON e.item_pk = s.item_pk AND e.round = s.round
      AND e.slot = s.slot AND e.action = 'submitted'
    WHERE s.dataset_id = $1 GROUP BY s.item_pk, s.round, s.slot HAVING count(*) <> 1`,
  'every version of an item stands in its history': `
    SELECT FROM item_states i WHERE dataset_id = $1
      AND version <> 1 + (SELECT count(*) FROM item_history e WHERE e.item_pk = i.item_pk)`,
  'whoever passed an item on does not hold it': `
    SELECT FROM review_slots s JOIN item_skips k ON k.item_pk = s.item_pk AND k.user_id = s.reviewer
    WHERE s.dataset_id = $1 AND s.open AND s.submitted_at IS NULL AND s.claimed_at > k.skipped_at`,
};

describe('reviews in any order and at once', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  const send = async (place: Place, who: string, body: Json): Promise<number> => {
    const { body: held } = await world.call(pathOf(place, 'review'), { as: reviewer(who) });
    return (await review(world, place, who, body, String(held['etag'] ?? '"0.0"'))).status;
  };

  const take = async (
    { what, who, item }: Step,
    dataset: string,
    places: readonly Place[],
  ): Promise<number> => {
    const place = places[item]!;
    switch (what) {
      case 'claim':
        return (await claim(world, place, who)).status;
      case 'serve':
        return (await selfServe(world, who, { limit: 1 + item, datasets: [dataset] })).status;
      case 'save':
        return send(place, who, { note: `seen by ${who}` });
      case 'approve':
        return send(place, who, { verdict: 'approved' });
      case 'delete':
        return send(place, who, { verdict: 'deleted' });
      case 'skip':
        return send(place, who, { verdict: 'skipped' });
      case 'release':
        return (await world.call(pathOf(place, 'review'), { method: 'DELETE', as: reviewer(who) })).status;
      case 'expire':
        await world.sql(
          `UPDATE review_slots SET lease_expires_at = now() - interval '1 s' FROM datasets
           WHERE datasets.id = dataset_id AND name = $1 AND reviewer = $2 AND submitted_at IS NULL AND open`,
          [dataset, who],
        );
        await expireLeases(world);
        return 200;
      case 'decide':
      case 'reopen':
        await decide(world, place, what === 'decide' ? 'approved' : 'draft');
        return 200;
    }
  };

  it('leave no round with more reviews than slots, and nothing half done', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(step, { minLength: 1, maxLength: 5 }), { minLength: 4, maxLength: 12 }),
        fc.integer({ min: 2, max: 3 }),
        async (groups, required) => {
          const { dataset, places } = await overlapDataset(world, {
            required,
            items: 2,
            author: 'writer',
            leaseMinutes: 60,
          });
          for (const group of groups) {
            const statuses = await Promise.all(group.map((one) => take(one, dataset, places)));
            for (const status of statuses) expect([200, 403, 409, 412]).toContain(status);
          }
          const [row] = await world.sql<{ id: number }>('SELECT id FROM datasets WHERE name = $1', [dataset]);
          for (const [rule, violations] of Object.entries(INVARIANTS)) {
            expect({ rule, violations: await world.sql(violations, [row?.id]) }).toEqual({
              rule,
              violations: [],
            });
          }
        },
      ),
      { numRuns: 8, endOnFailure: true },
    );
  }, 120_000);
});
