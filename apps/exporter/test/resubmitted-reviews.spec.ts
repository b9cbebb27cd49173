import { dialogue } from './support/dialogues.js';
import { contentOf, reviewed, Reviewers } from './support/reviews.js';
import { World } from './support/world.js';

describe('a dialogue under review', () => {
  let world: World;
  let reviewers: Reviewers;
  beforeAll(async () => {
    world = await World.open({});
    reviewers = new Reviewers(world);
  });
  beforeEach(async () => {
    await world.reset();
    reviewers.reset();
  });
  afterAll(() => world.close());

  describe('submitted again under its external id', () => {
    interface Result {
      status: string;
      id?: string;
      review_state?: string;
      errors?: { field: string; error: string; code: string }[];
    }
    const post = async (...items: unknown[]): Promise<Result[]> =>
      (await world.call<{ results: Result[] }>('/dialogues', { method: 'POST', body: { dialogues: items } }))
        .body.results;

    it('is a duplicate that tells where its review stands, wherever that is, and asks for nothing', async () => {
      const sample = reviewed({ external_id: 'again-1' });
      const id = await reviewers.submit(sample);
      expect(await post(sample)).toMatchObject([{ status: 'duplicate', id, review_state: 'awaiting' }]);
      await reviewers.delete(id, 2);
      await world.settled([id], 'withdrawn');
      expect(await post(sample)).toMatchObject([{ status: 'duplicate', id, review_state: 'withdrawn' }]);
      await reviewers.approve(id, 4, contentOf(sample));
      await world.settled([id], 'ready');
      expect(await post(sample)).toMatchObject([{ status: 'duplicate', id, review_state: 'approved' }]);
      expect(await reviewers.requests(id)).toHaveLength(1);
      expect((await world.exportNow()).body).toEqual({ batches: 1, dialogues: 1 });
    });

    it('with other content is a conflict, also after it was withdrawn', async () => {
      const id = await reviewers.submit(reviewed({ external_id: 'again-2' }));
      await reviewers.delete(id, 2);
      await world.settled([id], 'withdrawn');
      expect(await post(reviewed({ external_id: 'again-2' }))).toMatchObject([
        { status: 'rejected', errors: [{ field: 'dialogues[0].external_id', code: 'conflict' }] },
      ]);
    });

    it('with another wish for a review is a conflict that names it: none is dropped or added in silence', async () => {
      const sample = dialogue({ external_id: 'again-3' });
      const other = dialogue({ external_id: 'again-4' });
      const [plain] = await world.submit([sample]);
      const required = await reviewers.submit(reviewed(other));
      expect(await post({ ...sample, review: 'required' }, other)).toMatchObject([
        {
          status: 'rejected',
          errors: [
            {
              field: 'dialogues[0].review',
              code: 'conflict',
              error: expect.stringMatching(/without review/),
            },
          ],
        },
        {
          status: 'rejected',
          errors: [
            { field: 'dialogues[1].review', code: 'conflict', error: expect.stringMatching(/with review/) },
          ],
        },
      ]);
      expect((await world.dialogue(plain!)).status).toBe('ready');
      expect((await world.dialogue(required)).status).toBe('awaiting_review');
      expect(await reviewers.requests(plain!)).toEqual([]);
    });

    it('within one submission is judged by the same rules', async () => {
      const twin = reviewed({ external_id: 'again-5' });
      const results = await post(twin, twin, { ...twin, review: undefined });
      expect(results).toMatchObject([
        { status: 'accepted', review_state: 'awaiting' },
        { status: 'duplicate', id: results[0]?.id, review_state: 'awaiting' },
        { status: 'rejected', errors: [{ field: 'dialogues[2].review', code: 'conflict' }] },
      ]);
    });

    it('by two at once is stored once, and its review is asked for once', async () => {
      const samples = Array.from({ length: 20 }, (_, index) =>
        reviewed({ external_id: `race-${String(index)}` }),
      );
      const answers = await Promise.all([
        post(...samples),
        post(...[...samples].reverse()),
        post(...samples),
      ]);
      const accepted = answers.flat().filter(({ status }) => status === 'accepted');
      expect(accepted).toHaveLength(20);
      for (const { id } of accepted) expect(await reviewers.requests(id!)).toHaveLength(1);
    });
  });
});
