import {
  claim,
  claimAndReview,
  curator,
  decide,
  expireLeases,
  overlapDataset,
  pathOf,
  review,
  reviewer,
  selfServe,
  stateOf,
  type Json,
  type Place,
} from './support/reviewers.js';
import { startWorld, type World } from './support/world.js';

const names = (count: number, prefix = 'reviewer'): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${String(index + 1)}`);

describe('slots', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  const slotsOf = (dataset: string): Promise<{ item_pk: string; slot: number; reviewer: string | null }[]> =>
    world.sql(
      `SELECT item_pk, slot, reviewer FROM review_slots JOIN datasets ON datasets.id = dataset_id WHERE name = $1`,
      [dataset],
    );

  it('of one item go to as many of the reviewers who come at once as there are slots, one each', async () => {
    const { dataset, places } = await overlapDataset(world, { required: 3, items: 1 });

    const answers = await Promise.all(
      names(24).map((name) => selfServe(world, name, { limit: 1, datasets: [dataset] })),
    );

    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const got = answers.flatMap(({ body }) => body['assigned'] as Json[]);
    expect(got.map(({ slot }) => slot).sort()).toEqual([1, 2, 3]);
    const slots = await slotsOf(dataset);
    expect(slots).toHaveLength(3);
    expect(new Set(slots.map((slot) => slot.reviewer)).size).toBe(3);
    const late = await claim(world, places[0]!, 'latecomer');
    expect(late).toMatchObject({ status: 409, body: { code: 'ALREADY_ASSIGNED', reason: 'ALL_TAKEN' } });
  });

  it('are claimed by name without exceeding them either', async () => {
    const { dataset, places } = await overlapDataset(world, { required: 2, items: 1 });

    const answers = await Promise.all(names(16).map((name) => claim(world, places[0]!, name)));

    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(14);
    expect(await slotsOf(dataset)).toHaveLength(2);
  });

  it('are all handed out when many empty a dataset at once, and nobody gets two of an item', async () => {
    const { dataset } = await overlapDataset(world, { required: 3, items: 40 });
    const drain = async (name: string): Promise<string[]> => {
      const ids: string[] = [];
      for (;;) {
        const { status, body } = await selfServe(world, name, { limit: 7, datasets: [dataset] });
        expect(status).toBe(200);
        const assigned = body['assigned'] as Json[];
        if (assigned.length === 0) return ids;
        ids.push(...assigned.map(({ id }) => String(id)));
      }
    };

    const taken = await Promise.all(names(6).flatMap((name) => [drain(name), drain(name)]));

    expect(taken.flat()).toHaveLength(120);
    const slots = await slotsOf(dataset);
    expect(slots).toHaveLength(120);
    expect(slots.every((slot) => slot.reviewer !== null)).toBe(true);
    expect(new Set(slots.map((slot) => `${slot.item_pk} ${String(slot.reviewer)}`)).size).toBe(120);
  });

  it('of one item are not given twice to one who asks twice at once', async () => {
    const { dataset, places } = await overlapDataset(world, { required: 3, items: 1 });

    const answers = await Promise.all(
      Array.from({ length: 8 }, () => selfServe(world, 'eager', { limit: 1, datasets: [dataset] })),
    );
    const named = await Promise.all(Array.from({ length: 4 }, () => claim(world, places[0]!, 'eager')));

    expect(answers.flatMap(({ body }) => body['assigned'] as Json[])).toHaveLength(1);
    expect(new Set(named.map(({ status, body }) => `${String(status)} ${String(body['slot'])}`)).size).toBe(
      1,
    );
    expect((await slotsOf(dataset)).filter((slot) => slot.reviewer === 'eager')).toHaveLength(1);
  });

  it('are not for the author', async () => {
    const { dataset, places } = await overlapDataset(world, { required: 2, items: 2, author: 'writer' });

    const served = await selfServe(world, 'writer', { limit: 2, datasets: [dataset] });
    const named = await claim(world, places[0]!, 'writer');

    expect(served.body).toMatchObject({ assignedCount: 0 });
    expect(named).toMatchObject({ status: 409, body: { reason: 'IS_AUTHOR' } });
  });

  it('are listed for their holder alone, oldest first, page by page', async () => {
    const { places } = await overlapDataset(world, { required: 2, items: 3 });
    for (const place of places) await claim(world, place, 'lister');
    await claim(world, places[0]!, 'somebody-else');

    const seen: Json[] = [];
    for (let path: string | null = '/v1/assignments/reviews?limit=2'; path !== null;) {
      const { status, body } = await world.call(path, { as: reviewer('lister') });
      expect(status).toBe(200);
      seen.push(...(body['items'] as Json[]));
      const cursor = body['nextCursor'] as string | null;
      path = cursor === null ? null : `/v1/assignments/reviews?limit=2&cursor=${cursor}`;
    }

    expect(seen.map(({ id }) => id)).toEqual(places.map(({ id }) => id));
    expect(seen[0]).toMatchObject({
      ...places[0],
      status: 'held',
      etag: expect.any(String) as string,
      required: 2,
    });
  });

  it('go back to the pool at once when passed on, and not to the same person again', async () => {
    const { dataset, places } = await overlapDataset(world, { required: 2, items: 1 });
    const held = await claim(world, places[0]!, 'picky');

    const skipped = await review(
      world,
      places[0]!,
      'picky',
      { verdict: 'skipped', reason: 'not_my_field' },
      String(held.body['etag']),
    );

    expect(skipped).toMatchObject({ status: 200, body: { status: 'skipped' } });
    expect((await selfServe(world, 'picky', { limit: 1, datasets: [dataset] })).body).toMatchObject({
      assignedCount: 0,
    });
    expect(await claim(world, places[0]!, 'picky')).toMatchObject({
      status: 409,
      body: { reason: 'SKIPPED' },
    });
    expect((await claim(world, places[0]!, 'other-1')).status).toBe(200);
    expect((await claim(world, places[0]!, 'other-2')).status).toBe(200);
  });

  it('that are given back keep what was written for whoever wrote it, and for nobody else', async () => {
    const { places } = await overlapDataset(world, { required: 2, items: 1 });
    const held = await claim(world, places[0]!, 'interrupted');
    const saved = await review(
      world,
      places[0]!,
      'interrupted',
      { edits: { answer: 'Half an answer' } },
      String(held.body['etag']),
    );
    expect(saved).toMatchObject({
      status: 200,
      body: { status: 'held', edits: { answer: 'Half an answer' } },
    });

    const released = await world.call(pathOf(places[0]!, 'review'), {
      method: 'DELETE',
      as: reviewer('interrupted'),
    });
    const other = await claim(world, places[0]!, 'other');
    const back = await claim(world, places[0]!, 'interrupted');

    expect(released).toMatchObject({ status: 200, body: { status: 'released' } });
    expect(other.body).toMatchObject({ edits: null });
    expect(back.body).toMatchObject({ edits: { answer: 'Half an answer' } });
  });

  it('whose lease has run out go to others, and what was written stays in the history', async () => {
    const { dataset, places } = await overlapDataset(world, { required: 2, items: 1, leaseMinutes: 5 });
    const held = await claim(world, places[0]!, 'absent');
    expect(held.body['leaseExpiresAt']).toEqual(expect.any(String));
    await review(world, places[0]!, 'absent', { edits: { answer: 'Begun' } }, String(held.body['etag']));
    await world.sql(
      `UPDATE review_slots SET lease_expires_at = now() - interval '1 second' WHERE reviewer = 'absent'`,
    );

    await expireLeases(world);

    expect(await slotsOf(dataset)).toEqual(
      expect.not.arrayContaining([expect.objectContaining({ reviewer: 'absent' })]),
    );
    expect(
      await world.sql(
        `SELECT action, reviewer, edits FROM review_events WHERE action = 'expired' AND reviewer = 'absent'`,
      ),
    ).toEqual([{ action: 'expired', reviewer: 'absent', edits: { answer: 'Begun' } }]);
    expect((await claim(world, places[0]!, 'present-1')).status).toBe(200);
    expect((await claim(world, places[0]!, 'present-2')).status).toBe(200);
  });
});

describe('a review', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  const oneItem = async (required = 2): Promise<Place> => {
    const { places } = await overlapDataset(world, { required, items: 1 });
    return places[0]!;
  };

  const roundsOf = async (place: Place): Promise<Json[]> => {
    const { status, body } = await world.call(pathOf(place, 'reviews'), { as: curator('reader') });
    expect(status).toBe(200);
    return body['rounds'] as Json[];
  };

  it('like all others of its round approves the item, with the edits they agree on', async () => {
    const place = await oneItem(3);
    const body = { verdict: 'approved', edits: { answer: 'A better answer', comment: 'checked' } };

    const first = await claimAndReview(world, place, 'a', body);
    const second = await claimAndReview(world, place, 'b', body);
    expect(await stateOf(world, place)).toMatchObject({ status: 'draft', version: 1 });
    const third = await claimAndReview(world, place, 'c', body);

    expect([first, second].map(({ body }) => body.roundState as string)).toEqual(['open', 'open']);
    expect(third).toMatchObject({
      status: 200,
      body: {
        status: 'submitted',
        roundState: 'agreed',
        item: { status: 'approved', answer: 'A better answer' },
      },
    });
    expect(await stateOf(world, place)).toMatchObject({
      status: 'approved',
      version: 2,
      assigned_to: null,
      content: { answer: 'A better answer', comment: 'checked' },
    });
    expect(await roundsOf(place)).toMatchObject([{ round: 1, state: 'agreed', outcome: 'approved' }]);
  });

  it('that deletes, like all others of its round, deletes the item', async () => {
    const place = await oneItem();

    await claimAndReview(world, place, 'a', { verdict: 'deleted' });
    await claimAndReview(world, place, 'b', { verdict: 'deleted', note: 'nonsense' });

    expect(await stateOf(world, place)).toMatchObject({ status: 'deleted' });
  });

  it.each([
    ['another verdict', { verdict: 'approved' }, { verdict: 'deleted' }],
    ['other edits', { verdict: 'approved' }, { verdict: 'approved', edits: { answer: 'Different' } }],
  ])('with %s than the others of its round leaves the item to a curator', async (_, one, other) => {
    const place = await oneItem();

    await claimAndReview(world, place, 'a', one);
    const last = await claimAndReview(world, place, 'b', other);

    expect(last.body).toMatchObject({ roundState: 'disputed' });
    expect(await stateOf(world, place)).toMatchObject({ status: 'draft', version: 1 });
    expect(await roundsOf(place)).toMatchObject([{ state: 'disputed', outcome: null }]);
  });

  it('settles its round once when the last two come at once', async () => {
    const places = (await overlapDataset(world, { required: 2, items: 8 })).places;
    const held = await Promise.all(
      places.flatMap((place) =>
        ['a', 'b'].map(async (name) => ({ place, name, answer: await claim(world, place, name) })),
      ),
    );

    const sent = await Promise.all(
      held.map(({ place, name, answer }) =>
        review(world, place, name, { verdict: 'approved' }, String(answer.body['etag'])),
      ),
    );

    expect(sent.map(({ status }) => status)).toEqual(sent.map(() => 200));
    for (const place of places)
      expect(await stateOf(world, place)).toMatchObject({ status: 'approved', version: 2 });
  });

  it('is refused for the first of these reasons: 404, 403, 400, 409, 428, 412', async () => {
    const place = await oneItem();
    const stale = '"1.1"';
    const put = (name: string, body: unknown, etag?: string, at = place) =>
      review(world, at, name, body, etag);

    expect(await put('a', {}, stale, { ...place, id: 'no-such-item' })).toMatchObject({ status: 404 });
    expect(await put('a', { verdict: 'maybe' }, stale)).toMatchObject({
      status: 403,
      body: { code: 'ASSIGNMENT_OWNERSHIP' },
    });
    const held = await claim(world, place, 'a');
    const etag = String(held.body['etag']);
    expect(await put('a', { verdict: 'maybe' })).toMatchObject({
      status: 400,
      body: { details: [{ field: 'verdict' }] },
    });
    expect(await put('a', { verdict: 'approved', edits: { answer: '' } })).toMatchObject({
      status: 400,
      body: { code: 'INVALID_APPROVAL' },
    });
    expect(await put('a', {}, 'not a tag"')).toMatchObject({
      status: 400,
      body: { details: [{ field: 'If-Match' }] },
    });
    expect(await put('a', { verdict: 'approved' })).toMatchObject({ status: 428 });
    for (const old of [stale, `W/${etag}`, '"1"']) {
      expect(await put('a', { verdict: 'approved' }, old)).toMatchObject({
        status: 412,
        body: { current: { etag } },
      });
    }
    expect((await put('a', { verdict: 'approved' }, etag)).status).toBe(200);
    expect(await put('a', { verdict: 'deleted' })).toMatchObject({
      status: 409,
      body: { code: 'INVALID_TRANSITION' },
    });
  });

  it('sent again after a lost answer changes nothing', async () => {
    const place = await oneItem();
    const held = await claim(world, place, 'a');
    const body = { verdict: 'approved', edits: { answer: 'Once' }, note: 'sure' };

    const first = await review(world, place, 'a', body, String(held.body['etag']));
    const again = await review(world, place, 'a', body, String(held.body['etag']));

    expect(again).toMatchObject({ status: 200, body: first.body });
    expect(
      await world.sql(
        `SELECT 1 FROM review_events WHERE action = 'submitted' AND reviewer = 'a' AND edits ->> 'answer' = 'Once'`,
      ),
    ).toHaveLength(1);
  });

  it('shows its etag in header and body, and a new one after each save', async () => {
    const place = await oneItem();
    const held = await claim(world, place, 'a');

    const saved = await review(world, place, 'a', { note: 'first thoughts' }, String(held.body['etag']));

    for (const answer of [held, saved]) expect(answer.headers.get('etag')).toBe(answer.body['etag']);
    expect(saved.body['etag']).not.toBe(held.body['etag']);
    const read = await world.call(pathOf(place, 'review'), { as: reviewer('a') });
    expect(read).toMatchObject({ status: 200, body: { etag: saved.body['etag'], note: 'first thoughts' } });
  });

  it('is hidden from other reviewers', async () => {
    const place = await oneItem();
    await claimAndReview(world, place, 'a', { verdict: 'approved', edits: { answer: 'A secret answer' } });

    const other = await claim(world, place, 'b');

    expect(other.text).not.toContain('A secret answer');
    expect((await world.call(pathOf(place, 'reviews'), { as: reviewer('b') })).status).toBe(403);
    expect((await world.call(pathOf(place, 'review'), { as: reviewer('c') })).status).toBe(403);
  });

  it('comes too late when a curator has decided meanwhile', async () => {
    const place = await oneItem();
    const held = await claim(world, place, 'a');
    await decide(world, place, 'approved');

    const late = await review(world, place, 'a', { verdict: 'deleted' }, String(held.body['etag']));

    expect(late).toMatchObject({
      status: 409,
      body: { code: 'INVALID_TRANSITION', currentStatus: 'approved' },
    });
    expect(await roundsOf(place)).toMatchObject([{ state: 'closed' }]);
    expect((await claim(world, place, 'b')).body).toMatchObject({ reason: 'NOT_OPEN' });
  });

  it('of an item that is opened again belongs to a new round; the old reviews stay', async () => {
    const place = await oneItem();
    for (const name of ['a', 'b']) await claimAndReview(world, place, name, { verdict: 'approved' });
    await decide(world, place, 'draft');

    for (const name of ['a', 'b'])
      expect((await claimAndReview(world, place, name, { verdict: 'deleted' })).status).toBe(200);

    expect(await stateOf(world, place)).toMatchObject({ status: 'deleted' });
    expect(await roundsOf(place)).toMatchObject([
      { round: 2, state: 'agreed', outcome: 'deleted' },
      { round: 1, state: 'agreed', outcome: 'approved', slots: [{ reviewer: 'a' }, { reviewer: 'b' }] },
    ]);
  });
});
