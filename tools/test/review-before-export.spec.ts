import { eventually } from '@hornbook/testing';
import { startPlatform, type Answer, type Caller, type Platform } from './support/platform.ts';

const pipeline: Caller = { sub: 'pipeline', roles: ['service'] };
const curator: Caller = { sub: 'carol', roles: ['curator'] };
const reviewer = (sub: string): Caller => ({ sub, roles: ['reviewer'] });

let made = 0;
/** What a pipeline generated, with a title of its own. */
function content(title = `Ordering dish number ${++made}`) {
  return {
    title,
    category: 'restaurant',
    cefr_level: 'B1',
    accent: 'uk',
    turns: [
      { text: 'Good evening, a table for two please.', order: 1, speaker: 'A' },
      { text: 'This way, madam. Here is the menu.', order: 2, speaker: 'B' },
    ],
  };
}
type Content = ReturnType<typeof content>;

/** A dialogue as the exporter shows it. */
interface Dialogue {
  readonly status: string;
  readonly pronielts_dialog_id: number | null;
  readonly review: { readonly content: Content | null };
  readonly history: readonly { readonly event: string }[];
}

/** A ground truth as reviewers and curators see it. */
interface GroundTruth {
  readonly id: string;
  readonly bucket: string;
  readonly etag: string;
  readonly status: string;
  readonly dialogue: Content;
}

interface Failure {
  readonly id: number;
  readonly dialogue_ids: readonly string[];
}

interface Page<Item> {
  readonly items: readonly Item[];
}

describe('review before export, through the gateway and all services', () => {
  let platform: Platform;
  beforeAll(async () => {
    platform = await startPlatform();
  });
  afterAll(() => platform.stop());

  /** Submits one dialogue that must be reviewed. @returns its id */
  const submit = async (dialogue: Content, more: object = {}): Promise<string> => {
    const { body } = await platform.call<{ results: { id: string }[] }>(
      pipeline,
      '/api/v1/exports/dialogues',
      { body: { dialogues: [{ ...dialogue, review: 'required', ...more }] } },
    );
    expect(body.results).toMatchObject([{ status: 'accepted', review_state: 'awaiting' }]);
    return body.results[0]!.id;
  };
  /** The dialogue as the exporter shows it. */
  const shown = async (id: string): Promise<Dialogue> =>
    (await platform.call<Dialogue>(pipeline, `/api/v1/exports/dialogues/${id}`)).body;
  const reached = (id: string, status: string): Promise<Dialogue> =>
    eventually(
      async () => {
        const dialogue = await shown(id);
        if (dialogue.status !== status) throw new Error(JSON.stringify(dialogue));
        return dialogue;
      },
      { description: `dialogue ${id} to be ${status}` },
    );
  const exportNow = async (): Promise<unknown> =>
    (await platform.call<unknown>(pipeline, '/api/v1/exports', { method: 'POST' })).body;
  /** Titles on the platform with this word in them. */
  const onPlatform = async (title: string): Promise<string[]> => {
    const query = new URLSearchParams({ q: `"${title}"` }).toString();
    const { body } = await platform.call<Page<{ title: string }>>(curator, `/api/v1/dialogs?${query}`);
    return body.items.map((dialog) => dialog.title);
  };
  /** The ground truth of a dialogue, as soon as there is one. */
  const groundTruth = (id: string): Promise<GroundTruth> =>
    eventually(
      async () => {
        const [row] = await platform.sql<{ bucket: string }>(
          'assignment',
          'SELECT bucket FROM items WHERE id = $1',
          [id],
        );
        if (!row) throw new Error('no item yet');
        const path = `/v1/ground-truths/dialogues/${row.bucket}/${id}`;
        return (await platform.call<GroundTruth>(curator, path)).body;
      },
      { description: `dialogue ${id} to be handed out for review` },
    );
  const put = (
    caller: Caller,
    { bucket, id, etag }: GroundTruth,
    body: object,
    root = 'assignments',
  ): Promise<Answer> =>
    platform.call(caller, `/v1/${root}/dialogues/${bucket}/${id}`, {
      method: 'PUT',
      headers: { 'if-match': etag },
      body,
    });
  /** Has a reviewer claim the dialogue and decide about it. */
  const decide = async (id: string, body: object, sub = `reviewer-${++made}`): Promise<void> => {
    const { bucket } = await groundTruth(id);
    const claimed = await platform.call<GroundTruth>(
      reviewer(sub),
      `/v1/assignments/dialogues/${bucket}/${id}/assign`,
      { body: {} },
    );
    expect(claimed.status).toBe(200);
    expect((await put(reviewer(sub), claimed.body, body)).status).toBe(200);
  };
  const curate = async (id: string, body: object): Promise<void> => {
    const answer = await put(curator, await groundTruth(id), body, 'ground-truths');
    expect([answer.status, answer.body.detail]).toEqual([200, undefined]);
  };
  const events = ({ history }: Dialogue): string[] => history.map(({ event }) => event);
  /** The failure that waits for a decision about a dialogue. */
  const openFailure = async (id: string): Promise<Failure | undefined> => {
    const path = '/api/v1/exports/failures?resolved=false';
    const { body } = await platform.call<Page<Failure>>(pipeline, path);
    return body.items.find(({ dialogue_ids }) => dialogue_ids[0] === id);
  };
  const retry = async (failure: Failure | undefined): Promise<void> => {
    const path = `/api/v1/exports/failures/${String(failure?.id)}/retry`;
    expect((await platform.call(pipeline, path, { method: 'POST' })).status).toBe(200);
  };

  it('the text that a reviewer approved is what arrives, and each side tells who did what', async () => {
    const sample = content();
    const id = await submit(sample, { external_id: 'story-1' });
    expect(await exportNow()).toEqual({ batches: 0, dialogues: 0 });
    const alice = reviewer('alice');
    const item = await eventually(async () => {
      await platform.call(alice, '/v1/assignments/self-serve', {
        body: { limit: 50, datasets: ['dialogues'] },
      });
      const { body } = await platform.call<Page<GroundTruth>>(alice, '/v1/assignments/my?full=true');
      const mine = body.items.find((each) => each.id === id);
      if (!mine) throw new Error('alice was not handed it yet');
      return mine;
    });
    expect(item.dialogue).toEqual(sample);
    const edited = {
      ...sample,
      title: `${sample.title}, as alice wants it`,
      turns: [...sample.turns, { text: 'We would like to order now.', order: 3, speaker: 'A' }],
    };

    const approved = await put(alice, item, { approve: true, dialogue: edited });

    expect(approved).toMatchObject({ status: 200, body: { status: 'approved', assignedTo: null } });
    expect(await reached(id, 'ready')).toMatchObject({ review_state: 'approved' });
    expect(await exportNow()).toEqual({ batches: 1, dialogues: 1 });
    const confirmed = await reached(id, 'confirmed');
    const dialogId = String(confirmed.pronielts_dialog_id);
    const { body: dialog } = await platform.call(curator, `/api/v1/dialogs/${dialogId}`);
    expect(dialog).toMatchObject({
      title: edited.title,
      category_name: 'Restaurant',
      phrases: edited.turns.map(({ text, order, speaker }) => ({ reference_text: text, order, speaker })),
    });
    expect(confirmed).toMatchObject({
      title: sample.title,
      turns: sample.turns,
      review: {
        state: 'approved',
        dataset: 'dialogues',
        requests: 1,
        version: Number(JSON.parse(approved.headers.get('etag') ?? '')),
        late: false,
        decided_by: 'alice',
        content: edited,
      },
    });
    expect(events(confirmed)).toEqual([
      'submitted',
      'review_requested',
      'review_approved',
      'batched',
      'sending',
      'confirmed',
    ]);
  });

  it('a dialogue that is deleted in review is withdrawn with the reason, and never arrives', async () => {
    const sample = content();
    const id = await submit(sample);
    await decide(id, { status: 'deleted', reason: 'names a brand' });
    expect(await reached(id, 'withdrawn')).toMatchObject({
      batch_id: null,
      review: { state: 'withdrawn', reason: 'names a brand', late: false },
    });
    expect(await exportNow()).toEqual({ batches: 0, dialogues: 0 });
    expect(await onPlatform(sample.title)).toEqual([]);
  });

  it('a dialogue that is skipped waits on, and the next reviewer’s word counts', async () => {
    const sample = content();
    const id = await submit(sample);
    await decide(id, { status: 'skipped' });
    await platform.quiet();
    expect(await shown(id)).toMatchObject({ status: 'awaiting_review', review: { version: null } });
    await decide(id, { approve: true });
    await reached(id, 'ready');
  });

  it('reopening a dialogue that has arrived is kept on record and changes nothing of what was sent', async () => {
    const sample = content();
    const id = await submit(sample);
    await decide(id, { approve: true });
    await reached(id, 'ready');
    await exportNow();
    const { pronielts_dialog_id } = await reached(id, 'confirmed');

    await curate(id, { status: 'draft' });
    await platform.quiet();

    const reopened = await shown(id);
    expect(reopened).toMatchObject({
      status: 'confirmed',
      pronielts_dialog_id,
      review: { state: 'awaiting', late: true, decided_by: 'carol' },
    });
    expect(events(reopened).at(-1)).toBe('review_reopened');
    await decide(id, { approve: true, dialogue: { ...sample, title: `${sample.title} once more` } });
    await platform.quiet();
    expect(await exportNow()).toEqual({ batches: 0, dialogues: 0 });
    expect(await shown(id)).toMatchObject({ status: 'confirmed', review: { state: 'approved', late: true } });
    expect(await onPlatform(sample.title)).toEqual([sample.title]);
  });

  it('edits that no dialogue may have go to the failures; asked again, another reviewer mends them', async () => {
    const sample = content();
    const id = await submit(sample);
    await decide(id, { approve: true, dialogue: { ...sample, title: 'Oh' } });
    await reached(id, 'failed');
    const failure = await openFailure(id);
    expect(failure).toMatchObject({
      batch_id: null,
      error_type: 'invalid_review_edits',
      error_message: 'dialogue.title: String too short (minimum 5 characters)',
    });

    await retry(failure);
    await eventually(async () => (await groundTruth(id)).status === 'draft');
    await decide(id, { approve: true, dialogue: sample });

    await reached(id, 'ready');
    await exportNow();
    expect(await reached(id, 'confirmed')).toMatchObject({ retry_count: 1, review: { requests: 2 } });
    expect(await onPlatform(sample.title)).toEqual([sample.title]);
  });

  it('is asked again also when the approved version was rescheduled meanwhile: its text is still the same', async () => {
    const sample = content();
    const id = await submit(sample);
    await decide(id, { approve: true, dialogue: { ...sample, turns: [] } });
    await reached(id, 'failed');
    await curate(id, { priority: 5 });
    const failure = await openFailure(id);
    await retry(failure);
    await eventually(async () => (await groundTruth(id)).status === 'draft', {
      description: 'the item to be a draft again',
    });
  });

  it('a curator’s correction of an approved dialogue that has not left yet is what leaves', async () => {
    const sample = content();
    const id = await submit(sample);
    await decide(id, { approve: true });
    await reached(id, 'ready');
    const corrected = { ...sample, title: `${sample.title}, corrected` };
    await curate(id, { status: 'approved', dialogue: corrected });
    await eventually(async () => (await shown(id)).review.content?.title === corrected.title, {
      description: 'the correction to reach the exporter',
    });
    await exportNow();
    await reached(id, 'confirmed');
    expect(await onPlatform(sample.title)).toEqual([corrected.title]);
  });

  it('where two have to agree, it leaves when they do, with the text that both want', async () => {
    const setReviewers = async (requiredReviews: number): Promise<void> => {
      const path = '/v1/datasets/dialogues';
      const { body } = await platform.call<{ etag: string }>(curator, path);
      const headers = { 'if-match': body.etag };
      const { status } = await platform.call(curator, path, {
        method: 'PUT',
        body: { requiredReviews },
        headers,
      });
      expect(status).toBe(200);
    };
    await setReviewers(2);
    try {
      const sample = content();
      const id = await submit(sample);
      const { bucket } = await groundTruth(id);
      const path = `/v1/assignments/dialogues/${bucket}/${id}/review`;
      const wanted = { ...sample, title: `${sample.title} for two` };
      for (const each of [reviewer('first'), reviewer('second')]) {
        const claimed = await platform.call(each, path, { method: 'POST' });
        expect([claimed.status, await shown(id)]).toMatchObject([200, { status: 'awaiting_review' }]);
        const headers = { 'if-match': claimed.headers.get('etag') ?? '' };
        const body = { verdict: 'approved', edits: { dialogue: wanted } };
        expect((await platform.call(each, path, { method: 'PUT', headers, body })).status).toBe(200);
      }
      expect(await reached(id, 'ready')).toMatchObject({ review: { content: { title: wanted.title } } });
    } finally {
      await setReviewers(1);
    }
  });

  it('all events sent once more change nothing on either side', async () => {
    const [kept, gone, open] = [content(), content(), content()];
    const ids = [await submit(kept), await submit(gone), await submit(open)] as const;
    await decide(ids[0], { approve: true });
    await decide(ids[1], { status: 'deleted' });
    await groundTruth(ids[2]);
    await reached(ids[0], 'ready');
    await reached(ids[1], 'withdrawn');
    await exportNow();
    await reached(ids[0], 'confirmed');
    const state = async (): Promise<unknown> => [
      await Promise.all(ids.map(shown)),
      await Promise.all(ids.map(groundTruth)),
    ];
    await platform.quiet();
    const before = await state();

    await platform.resendEverything();
    // A dialogue submitted now goes the same ways as what was sent again, behind it.
    const marker = await submit(content());
    await decide(marker, { approve: true });
    await reached(marker, 'ready');
    await platform.quiet();

    expect(await state()).toEqual(before);
    expect(await onPlatform(kept.title)).toEqual([kept.title]);
    for (const service of ['exporter', 'assignment', 'content-import'] as const)
      expect(await platform.sql(service, 'SELECT FROM dead_letters')).toEqual([]);
  });

  it('many at once on two copies of each service leave exactly once each, in the words of their reviewers', async () => {
    const samples = Array.from({ length: 60 }, () => content());
    const { body } = await platform.call<{ results: { id: string }[] }>(
      pipeline,
      '/api/v1/exports/dialogues',
      {
        body: { dialogues: samples.map((sample) => ({ ...sample, review: 'required' })) },
      },
    );
    const ids = body.results.map(({ id }) => id);
    await Promise.all(
      ids.map((id, index) =>
        index % 3 === 0
          ? decide(id, { status: 'deleted' })
          : decide(id, {
              approve: true,
              dialogue: { ...samples[index]!, title: `Reviewed: ${samples[index]!.title}` },
            }),
      ),
    );
    await platform.quiet();
    await exportNow();
    const rows = await eventually(async () => {
      const found = await Promise.all(ids.map(shown));
      const open = found.filter(({ status }) => !['confirmed', 'withdrawn'].includes(status));
      if (open.length > 0) throw new Error(`${open.length} are still ${open[0]!.status}`);
      return found;
    });
    const dialogIds = rows.flatMap(({ pronielts_dialog_id }) => pronielts_dialog_id ?? []);
    expect(new Set(dialogIds).size).toBe(40);
    const titles = await platform.sql<{ title: string }>(
      'content-import',
      'SELECT title FROM dialogs WHERE id = ANY ($1) ORDER BY id',
      [dialogIds],
    );
    expect(titles.map(({ title }) => title).sort()).toEqual(
      samples
        .filter((_, index) => index % 3 !== 0)
        .map(({ title }) => `Reviewed: ${title}`)
        .sort(),
    );
  });
});
