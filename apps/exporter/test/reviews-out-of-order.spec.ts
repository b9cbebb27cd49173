import { contentOf, reviewed, Reviewers } from './support/reviews.js';
import { World } from './support/world.js';

const steps = ['approve', 'delete', 'reopen'] as const;
const statusOf = { approve: 'ready', delete: 'withdrawn', reopen: 'awaiting_review' } as const;

/** Numbers that look random and are the same on each run. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    yield state;
  }
}

describe('two exporters that hear the news of many reviews in no order at all', () => {
  let world: World;
  let reviewers: Reviewers;
  beforeAll(async () => {
    world = await World.open({});
    await world.start();
    reviewers = new Reviewers(world);
  });
  afterAll(() => world.close());

  it('end where the highest version of each is, with no news applied after a newer one', async () => {
    // Nothing may leave meanwhile: what is in a batch would not follow any more.
    await world.sql(`UPDATE export_settings SET paused = true, pause_reason = 'test'`);
    const samples = Array.from({ length: 30 }, () => reviewed());
    const ids = await world.submit(samples);
    const random = numbers(7);
    const draw = (below: number): number => random.next().value % below;
    const news = ids.flatMap((id, index) =>
      Array.from({ length: 6 }, (_, version) => ({ id, index, version: version + 1, step: steps[draw(3)]! })),
    );
    const last = new Map(news.map(({ id, step }) => [id, statusOf[step]]));
    for (let from = news.length - 1; from > 0; from--) {
      const to = draw(from + 1);
      [news[from], news[to]] = [news[to]!, news[from]!];
    }
    await Promise.all(
      news.map(({ id, index, version, step }) =>
        step === 'approve'
          ? reviewers.approve(id, version, contentOf(samples[index]!))
          : reviewers[step](id, version),
      ),
    );
    await reviewers.heard();
    const rows = await world.sql<{ id: string; status: string; version: number }>(
      'SELECT dialogue_id AS id, status, ground_truth_version AS version FROM sync_status JOIN dialogue_reviews USING (dialogue_id)',
    );
    for (const { id, status, version } of rows)
      expect({ id, status, version }).toEqual({ id, status: last.get(id), version: 6 });
    const notes = await world.sql<{ versions: number[] }>(
      `SELECT array_agg((detail ->> 'version')::integer ORDER BY id) AS versions FROM export_history
       WHERE event IN ('review_approved', 'review_withdrawn', 'review_reopened') GROUP BY dialogue_id`,
    );
    for (const { versions } of notes) expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
    expect(await world.sql('SELECT FROM dead_letters')).toEqual([]);
  });
});
