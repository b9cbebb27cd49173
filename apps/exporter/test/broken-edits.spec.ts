import { contentOf, edited, reviewed, Reviewers } from './support/reviews.js';
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

  describe('whose approved edits break the rules', () => {
    const broken = { title: 'Tiny', category: 'restaurant', cefr_level: 'B1', turns: [] };

    it('goes to the failures with every fault named; neither what was submitted nor what was approved is lost', async () => {
      const sample = reviewed();
      const id = await reviewers.submit(sample);
      await reviewers.approve(id, 2, broken, { payload: { dialogue: broken, comment: 'Shorter' } });
      await world.settled([id], 'failed');
      const reason =
        'dialogue.title: String too short (minimum 5 characters); dialogue.turns: Too few items (minimum 2 items)';
      const { id: failure, ...entry } = await reviewers.openFailure();
      expect(entry).toMatchObject({
        batch_id: null,
        dialogue_ids: [id],
        error_type: 'invalid_review_edits',
        error_message: reason,
        whole_batch: false,
      });
      expect((await world.call(`/failures/${String(failure)}`)).body).toMatchObject({
        payload: { dialogue: broken, comment: 'Shorter' },
      });
      expect(await world.dialogue(id)).toMatchObject({
        title: sample.title,
        turns: sample.turns,
        review: { state: 'invalid', reason, content: null },
      });
      expect(await reviewers.events(id)).toEqual([
        'submitted',
        'review_requested',
        'review_approved',
        'failed',
      ]);
      expect((await world.exportNow()).body).toEqual({ batches: 0, dialogues: 0 });
    });

    it('is asked about again on a retry, with what was wrong, and leaves once that is mended', async () => {
      const sample = reviewed();
      const id = await reviewers.submit(sample);
      await reviewers.approve(id, 2, broken);
      await world.settled([id], 'failed');
      const failure = await reviewers.openFailure();
      const retry = await world.call(`/failures/${String(failure.id)}/retry`, { method: 'POST' });
      expect(retry).toMatchObject({ status: 200, body: { resolution: 'retried', resolved_by: 'user-1' } });
      expect(await world.dialogue(id)).toMatchObject({
        status: 'awaiting_review',
        retry_count: 1,
        review: { state: 'awaiting', requests: 2 },
      });
      expect(await reviewers.requests(id)).toMatchObject([
        { version: 1, objects_to: null, reason: null },
        {
          version: 2,
          objects_to: 2,
          reason: expect.stringContaining('dialogue.title: String too short'),
          dialogue: { title: sample.title },
        },
      ]);
      expect((await world.exportNow()).body).toEqual({ batches: 0, dialogues: 0 });
      await reviewers.approve(id, 4, { ...contentOf(sample), ...edited });
      await world.settled([id], 'ready');
      await world.exportNow();
      await world.settled([id], 'confirmed');
      expect(reviewers.sentTitles()).toEqual([edited.title]);
    });

    it('is asked about again once, however many ask for the retry at once', async () => {
      const id = await reviewers.submit();
      await reviewers.approve(id, 2, broken);
      await world.settled([id], 'failed');
      const { id: failure } = await reviewers.openFailure();
      const answers = await Promise.all(
        Array.from({ length: 6 }, (_, index) =>
          index % 2 === 0
            ? world.call(`/failures/${String(failure)}/retry`, { method: 'POST' })
            : world.call('/failures/retry', { method: 'POST', body: { error_type: 'invalid_review_edits' } }),
        ),
      );
      expect(
        answers.filter(({ body }) => body['resolution'] === 'retried' || body['retried'] === 1),
      ).toHaveLength(1);
      expect(await reviewers.requests(id)).toHaveLength(2);
    });

    it.each([
      ['approved', 'ready', (id: string, sound: unknown) => reviewers.approve(id, 4, sound)],
      ['withdrawn', 'withdrawn', (id: string) => reviewers.delete(id, 4)],
      ['reopened', 'awaiting_review', (id: string) => reviewers.reopen(id, 4)],
    ] as const)(
      'is out of the failures again when it is %s without a retry',
      async (resolution, status, act) => {
        const sample = reviewed();
        const id = await reviewers.submit(sample);
        await reviewers.approve(id, 2, broken);
        await world.settled([id], 'failed');
        await act(id, contentOf(sample));
        await world.settled([id], status);
        expect(await world.failures()).toMatchObject([{ resolution, resolved_by: 'alice' }]);
      },
    );

    it('stays out when a person closes the failure for good, whatever the review says then', async () => {
      const sample = reviewed();
      const id = await reviewers.submit(sample);
      await reviewers.approve(id, 2, broken);
      await world.settled([id], 'failed');
      await world.call(`/failures/${String((await reviewers.openFailure()).id)}/resolve`, { method: 'POST' });
      await reviewers.approve(id, 4, contentOf(sample));
      await reviewers.heard();
      expect(await world.dialogue(id)).toMatchObject({
        status: 'resolved',
        review: { state: 'approved', version: 4, late: true },
      });
    });
  });
});
