import { Outbox } from '@hornbook/messaging';
import { eventually } from '@hornbook/testing';
import { dialogue, dialogues } from './support/dialogues.js';
import { faithful, refuse } from './support/platform.js';
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

  describe('hears the news of its review', () => {
    it('once, however often the same message is delivered', async () => {
      const sample = reviewed();
      const id = await reviewers.submit(sample);
      await reviewers.approve(id, 2, contentOf(sample));
      await world.settled([id], 'ready');
      const before = await world.sql('SELECT * FROM inbox ORDER BY consumer, message_id');
      const { app } = world.services[0]!;
      // All of it comes again, and then something that shows when it has.
      await app.get(Outbox).resend(new Date(0));
      const [other] = await world.submit([reviewed()]);
      await reviewers.delete(other!, 2);
      await world.settled([other!], 'withdrawn');
      await eventually(
        async () =>
          (await world.sql(`SELECT FROM outbox WHERE event LIKE 'ground-truth%' AND published_at IS NULL`))
            .length === 0,
      );
      expect((await reviewers.events(id)).filter((event) => event === 'review_approved')).toHaveLength(1);
      expect(await world.sql('SELECT * FROM inbox ORDER BY consumer, message_id')).toEqual(
        expect.arrayContaining(before),
      );
      expect(await world.failures()).toEqual([]);
    });

    it('once, also when another message tells of the same version', async () => {
      const sample = reviewed();
      const id = await reviewers.submit(sample);
      for (let times = 0; times < 3; times++) await reviewers.approve(id, 2, contentOf(sample));
      await reviewers.delete(id, 2);
      await reviewers.heard();
      expect(await reviewers.events(id)).toEqual(['submitted', 'review_requested', 'review_approved']);
    });

    it('and believes the newest: an older version that arrives late changes nothing', async () => {
      const sample = reviewed();
      const id = await reviewers.submit(sample);
      await reviewers.reopen(id, 4);
      await reviewers.heard();
      await reviewers.approve(id, 3, contentOf(sample));
      await reviewers.delete(id, 2);
      await reviewers.heard();
      expect(await world.dialogue(id)).toMatchObject({
        status: 'awaiting_review',
        review: { state: 'awaiting', version: 4, content: null },
      });
      await reviewers.approve(id, 5, contentOf(sample));
      await world.settled([id], 'ready');
      await reviewers.reopen(id, 4);
      await reviewers.approve(id, 3, { ...contentOf(sample), ...edited });
      await reviewers.heard();
      await world.exportNow();
      await world.settled([id], 'confirmed');
      expect(reviewers.sentTitles()).toEqual([sample.title]);
    });

    it('only about itself: other datasets, other ids and dialogues without a review are none of its business', async () => {
      const id = await reviewers.submit();
      const [plain] = await world.submit([dialogue()]);
      await reviewers.approve(id, 2, contentOf(dialogue()), { dataset: 'questions' });
      await reviewers.delete(id, 3, { dataset: 'questions' });
      await reviewers.delete(plain!, 2);
      await reviewers.delete('not an id of ours', 2);
      await reviewers.approve('0197d0a4-3f5c-7abc-8def-0123456789ab', 2, contentOf(dialogue()));
      await reviewers.heard();
      expect((await world.dialogue(id)).status).toBe('awaiting_review');
      expect((await world.dialogue(plain!)).status).toBe('ready');
      expect(await world.sql('SELECT FROM dead_letters')).toEqual([]);
    });
  });

  describe('that has left', () => {
    it.each([
      ['deleted', 'withdrawn', (id: string) => reviewers.delete(id, 3)],
      ['reopened', 'awaiting', (id: string) => reviewers.reopen(id, 3)],
      [
        'approved otherwise',
        'approved',
        (id: string) => reviewers.approve(id, 3, { ...contentOf(dialogue()), ...edited }),
      ],
    ] as const)(
      'and is %s afterwards keeps that on record, and nothing sent is changed',
      async (_what, state, act) => {
        const sample = reviewed();
        const id = await reviewers.submit(sample);
        await reviewers.approve(id, 2, contentOf(sample));
        await world.settled([id], 'ready');
        await world.exportNow();
        await world.settled([id], 'confirmed');
        await act(id);
        await reviewers.heard();
        const shown = await world.dialogue(id);
        expect(shown).toMatchObject({
          status: 'confirmed',
          pronielts_dialog_id: expect.any(Number),
          review: { state, version: 3, late: true },
        });
        expect(shown.history.at(-1)?.detail).toMatchObject({ version: 3, late: true });
        expect((await world.exportNow()).body).toEqual({ batches: 0, dialogues: 0 });
        expect(reviewers.sentTitles()).toEqual([sample.title]);
      },
    );

    it.each([
      ['deleted', (id: string) => reviewers.delete(id, 3), 'withdrawn', 1],
      ['reopened', (id: string) => reviewers.reopen(id, 3), 'awaiting_review', 1],
      [
        'approved otherwise',
        (id: string) => reviewers.approve(id, 3, contentOf(dialogue(edited))),
        'ready',
        1,
      ],
      ['approved with broken edits', (id: string) => reviewers.approve(id, 3, {}), 'awaiting_review', 2],
    ] as const)(
      'and was %s under way follows its review when the platform refuses it and somebody retries',
      async (_what, act, status, requests) => {
        const sample = reviewed();
        const id = await reviewers.submit(sample);
        await reviewers.approve(id, 2, contentOf(sample));
        await world.settled([id], 'ready');
        world.platform.next(async (batch, response, platform) => {
          await act(id);
          await reviewers.heard();
          await refuse(400, { details: [{ field: 'dialogues[0].title', error: 'No' }] })(
            batch,
            response,
            platform,
          );
        });
        await world.exportNow();
        await world.settled([id], 'failed');
        expect((await world.dialogue(id)).review).toMatchObject({ version: 3, late: true });
        const { id: failure } = await reviewers.openFailure();
        await world.call(`/failures/${String(failure)}/retry`, { method: 'POST' });
        expect(await world.dialogue(id)).toMatchObject({ status, review: { late: false, requests } });
        expect(await reviewers.requests(id)).toHaveLength(requests);
        // Whatever it is, it does not stand in the way of others.
        const others = await world.export(dialogues(1));
        await world.settled(others, 'confirmed');
        expect(world.platform.titles).not.toContain(sample.title);
        expect(world.platform.titles.includes(edited.title)).toBe(status === 'ready');
      },
    );

    it('and was refused by the platform leaves anew as soon as its review has mended it', async () => {
      const sample = reviewed();
      const id = await reviewers.submit(sample);
      await reviewers.approve(id, 2, contentOf(sample));
      await world.settled([id], 'ready');
      world.platform.next(refuse(400, { details: [{ field: 'dialogues[0].title', error: 'No' }] }));
      await world.exportNow();
      await world.settled([id], 'failed');
      await reviewers.reopen(id, 3);
      await reviewers.approve(id, 5, { ...contentOf(sample), ...edited });
      await reviewers.heard();
      await world.exportNow();
      await world.settled([id], 'confirmed');
      expect(reviewers.sentTitles()).toEqual([sample.title, edited.title]);
      expect(await world.failures('?resolved=false')).toEqual([]);
    });

    it('and was refused by the platform is out for good when it is deleted: no retry sends it', async () => {
      const sample = reviewed();
      const id = await reviewers.submit(sample);
      await reviewers.approve(id, 2, contentOf(sample));
      await world.settled([id], 'ready');
      world.platform.next(refuse(400, { details: [{ field: 'dialogues[0].title', error: 'No' }] }));
      await world.exportNow();
      await world.settled([id], 'failed');
      const failure = await reviewers.openFailure();
      await reviewers.delete(id, 3);
      await world.settled([id], 'withdrawn');
      expect((await world.call(`/failures/${String(failure.id)}/retry`, { method: 'POST' })).status).toBe(
        409,
      );
      expect(
        (await world.call('/failures/retry', { method: 'POST', body: { ids: [failure.id] } })).body,
      ).toEqual({
        retried: 0,
        remaining: 0,
      });
      expect((await world.dialogue(id)).status).toBe('withdrawn');
    });

    it('and failed with its whole batch goes again with the same bytes: the platform may have it already', async () => {
      const sample = reviewed();
      const id = await reviewers.submit(sample);
      await reviewers.approve(id, 2, contentOf(sample));
      await world.settled([id], 'ready');
      world.platform.next(refuse(500));
      await world.exportNow();
      await world.settled([id], 'failed');
      await reviewers.approve(id, 3, { ...contentOf(sample), ...edited });
      await reviewers.heard();
      expect(await world.dialogue(id)).toMatchObject({ status: 'failed', review: { late: true } });
      world.platform.reply = faithful;
      await world.call(`/failures/${String((await reviewers.openFailure()).id)}/retry`, { method: 'POST' });
      await world.settled([id], 'confirmed');
      expect(world.platform.received[1]!.body).toBe(world.platform.received[0]!.body);
    });
  });
});
