import { eventually } from '@hornbook/testing';
import { dialogue, dialogues } from './support/dialogues.js';
import { contentOf, edited, reviewed, Reviewers } from './support/reviews.js';
import { World } from './support/world.js';

describe('a dialogue that needs a review', () => {
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

  describe('when it is submitted', () => {
    it('awaits its review, asks for it with all that a reviewer needs, and says so', async () => {
      const sample = reviewed({ external_id: 'order-1', accent: 'uk' });
      const { body } = await world.call<{ results: unknown[] }>('/dialogues', {
        method: 'POST',
        body: { dialogues: [sample, dialogue()] },
        as: { sub: 'key:1', owner: 'ada' },
      });
      expect(body.results).toMatchObject([
        { status: 'accepted', external_id: 'order-1', review_state: 'awaiting' },
        { status: 'accepted' },
      ]);
      expect(body.results[1]).not.toHaveProperty('review_state');
      const { id } = body.results[0] as { id: string };
      expect(await world.dialogue(id)).toMatchObject({
        status: 'awaiting_review',
        review_state: 'awaiting',
        review: { state: 'awaiting', requests: 1, version: null, late: false, content: null },
      });
      expect(await reviewers.events(id)).toEqual(['submitted', 'review_requested']);
      expect(await reviewers.requests(id)).toEqual([
        {
          dialogue_id: id,
          version: 1,
          owner: 'ada',
          submitted_by: 'key:1',
          external_id: 'order-1',
          dialogue: {
            title: sample.title,
            category: 'restaurant',
            cefr_level: 'B1',
            accent: 'uk',
            turns: sample.turns,
          },
          objects_to: null,
          reason: null,
          requested_at: expect.any(String),
        },
      ]);
    });

    it('with a wish that is none is refused with the allowed one named', async () => {
      const { body } = await world.call<{ results: unknown[] }>('/dialogues', {
        method: 'POST',
        body: {
          dialogues: [
            { ...dialogue(), review: 'perhaps' },
            { ...dialogue(), review: null },
          ],
        },
      });
      expect(body.results).toMatchObject([
        {
          status: 'rejected',
          errors: [{ field: 'dialogues[0].review', error: expect.stringMatching(/allowed: required/) }],
        },
        { status: 'accepted' },
      ]);
    });

    it('is listed and counted among those that await their review', async () => {
      const id = await reviewers.submit();
      await world.submit([dialogue()]);
      const { body } = await world.call<{ items: unknown[] }>('/dialogues?status=awaiting_review');
      expect(body.items).toMatchObject([{ id, review_state: 'awaiting' }]);
      expect((await world.call('/status')).body).toMatchObject({
        dialogues: { awaiting_review: 1, ready: 1, withdrawn: 0 },
      });
    });

    it('needs no review but its own: a dialogue without one leaves as ever, and is asked about nowhere', async () => {
      const ids = await world.export([dialogue()]);
      await world.settled(ids, 'confirmed');
      expect(await reviewers.requests(ids[0]!)).toEqual([]);
      expect(await world.dialogue(ids[0]!)).toMatchObject({ review: null, review_state: null });
    });
  });

  describe('before it has one', () => {
    it('is not taken by "export now"', async () => {
      await world.submit([reviewed(), reviewed()]);
      expect((await world.exportNow()).body).toEqual({ batches: 0, dialogues: 0 });
      expect((await world.exportNow({ owner: 'user-1' })).body).toEqual({ batches: 0, dialogues: 0 });
    });

    it('is not taken with the 50 that are ready, nor counted among them', async () => {
      const waiting = await world.submit(Array.from({ length: 60 }, () => reviewed()));
      const ready = await world.submit(dialogues(49));
      const [last] = await world.submit([dialogue()]);
      await world.settled([...ready, last!], 'confirmed');
      await world.settled(waiting, 'awaiting_review');
      expect(world.platform.received.map(({ request }) => request.dialogues.length)).toEqual([50]);
    });

    it('is not taken even if its standing were wrong, and holds nobody up', async () => {
      const [id] = await world.submit([reviewed()]);
      await world.sql(`UPDATE sync_status SET status = 'ready' WHERE dialogue_id = $1`, [id]);
      await world.settled(await world.export(dialogues(2)), 'confirmed');
      expect(world.platform.titles).toHaveLength(2);
      expect((await world.dialogue(id!)).batch_id).toBeNull();
    });

    it('is not taken by the schedule', async () => {
      const waiting = await world.submit([reviewed(), reviewed()]);
      const ready = await world.submit([dialogue()]);
      await world.sql('UPDATE export_settings SET next_export_at = now()');
      await world.settled(ready, 'confirmed');
      await world.settled(waiting, 'awaiting_review');
    });
  });

  describe('once it is approved', () => {
    it('leaves with the reviewer’s edits, and shows who made them beside what was submitted', async () => {
      const sample = reviewed();
      const id = await reviewers.submit(sample);
      const content = {
        ...contentOf(sample),
        ...edited,
        cefr_level: 'C1',
        accent: 'irish',
        turns: [...sample.turns, { text: 'And one turn more.', order: 3, speaker: null }],
      };
      await reviewers.approve(id, 3, content);
      await world.settled([id], 'ready');
      await world.exportNow();
      await world.settled([id], 'confirmed');
      expect(world.platform.received[0]!.request.dialogues).toMatchObject([
        {
          title: edited.title,
          difficulty_level: 'advanced',
          accent: 'irish',
          description: 'CEFR C1 - Restaurant conversation',
          phrases: [{}, {}, { reference_text: 'And one turn more.', order: 3 }],
        },
      ]);
      const shown = await world.dialogue(id);
      expect(shown).toMatchObject({
        title: sample.title,
        turns: sample.turns,
        review_state: 'approved',
        review: { state: 'approved', version: 3, decided_by: 'alice', late: false, content: edited },
      });
      expect(shown.history.find(({ event }) => event === 'review_approved')?.detail).toEqual({
        version: 3,
        by: 'alice',
        edited: true,
      });
      expect(await reviewers.events(id)).toEqual([
        'submitted',
        'review_requested',
        'review_approved',
        'batched',
        'sending',
        'confirmed',
      ]);
    });

    it('without edits leaves as it was submitted', async () => {
      const sample = reviewed();
      const id = await reviewers.submit(sample);
      await reviewers.approve(id, 2, contentOf(sample));
      await world.settled([id], 'ready');
      await world.exportNow();
      await world.settled([id], 'confirmed');
      expect(reviewers.sentTitles()).toEqual([sample.title]);
      const { history } = await world.dialogue(id);
      expect(history.find(({ event }) => event === 'review_approved')?.detail['edited']).toBe(false);
    });

    it('leaves at once together with 49 others, without waiting for the schedule', async () => {
      const samples = Array.from({ length: 50 }, () => reviewed());
      const ids = await world.submit(samples);
      await Promise.all(ids.map((id, index) => reviewers.approve(id, 2, contentOf(samples[index]!))));
      await world.settled(ids, 'confirmed');
      expect(world.platform.titles).toHaveLength(50);
    });
  });

  describe('whose ground truth is deleted', () => {
    it('is withdrawn with the reason, and is in no export', async () => {
      const id = await reviewers.submit();
      await reviewers.delete(id, 2, { reason: 'Speaks of a brand' });
      await world.settled([id], 'withdrawn');
      const ready = await world.submit(dialogues(50));
      await world.settled(ready, 'confirmed');
      expect((await world.exportNow()).body).toEqual({ batches: 0, dialogues: 0 });
      expect(await world.dialogue(id)).toMatchObject({
        batch_id: null,
        review: { state: 'withdrawn', reason: 'Speaks of a brand', decided_by: 'alice' },
      });
    });

    it('after its approval, but before it is in a batch, is withdrawn too', async () => {
      const sample = reviewed();
      const id = await reviewers.submit(sample);
      await reviewers.approve(id, 2, contentOf(sample));
      await world.settled([id], 'ready');
      await reviewers.delete(id, 3);
      await world.settled([id], 'withdrawn');
      expect((await world.exportNow()).body).toEqual({ batches: 0, dialogues: 0 });
    });

    it('comes back when that is undone, and leaves when it is approved then', async () => {
      const sample = reviewed();
      const id = await reviewers.submit(sample);
      await reviewers.delete(id, 2);
      await world.settled([id], 'withdrawn');
      await reviewers.reopen(id, 3, { fromStatus: 'deleted' });
      await world.settled([id], 'awaiting_review');
      await reviewers.approve(id, 4, contentOf(sample));
      await world.settled([id], 'ready');
    });

    it('while it is put into a batch is either withdrawn or sent, never both and never neither', async () => {
      const samples = Array.from({ length: 120 }, () => reviewed());
      const ids = await world.submit(samples);
      await world.sql(`UPDATE export_settings SET paused = true, pause_reason = 'test'`);
      await Promise.all(ids.map((id, index) => reviewers.approve(id, 2, contentOf(samples[index]!))));
      await world.settled(ids, 'ready');
      await world.sql(`UPDATE export_settings SET paused = false`);
      await Promise.all([...ids.map((id) => reviewers.delete(id, 3)), world.exportNow()]);
      await reviewers.heard();
      await world.exportNow();
      await eventually(
        async () => (await world.sql(`SELECT FROM sync_status WHERE status = 'batched'`)).length === 0,
      );
      const rows = await world.sql<{ status: string; title: string; late: boolean }>(
        'SELECT status, title, late FROM sync_status JOIN dialogue_reviews USING (dialogue_id) JOIN generated_dialogues ON id = dialogue_id',
      );
      const sent = new Set(world.platform.titles);
      expect(world.platform.titles).toHaveLength(sent.size);
      for (const { status, title, late } of rows) {
        expect({ status, sent: sent.has(title), late }).toEqual(
          status === 'withdrawn'
            ? { status, sent: false, late: false }
            : { status: 'confirmed', sent: true, late: true },
        );
      }
    });
  });
});
