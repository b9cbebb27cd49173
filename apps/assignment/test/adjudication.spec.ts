import {
  claim,
  claimAndReview,
  curator,
  decide,
  overlapDataset,
  pathOf,
  reviewer,
  stateOf,
  type Json,
  type Place,
} from './support/reviewers.js';
import { startWorld, type World } from './support/world.js';

describe('adjudication', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  /** Items whose two reviewers, a and b, do not agree. */
  const disputed = async (items = 1, author = 'author'): Promise<Place[]> => {
    const { places } = await overlapDataset(world, { required: 2, items, author });
    for (const place of places) {
      await claimAndReview(world, place, 'a', { verdict: 'approved', edits: { answer: 'What a says' } });
      await claimAndReview(world, place, 'b', { verdict: 'deleted', note: 'nonsense' });
    }
    return places;
  };

  const queue = async (dataset: string, rest = ''): Promise<Json> => {
    const { status, body } = await world.call(`/v1/assignments/adjudications?dataset=${dataset}${rest}`, {
      as: curator('judge'),
    });
    expect(status).toBe(200);
    return body as Json;
  };

  const judge = (place: Place, body: unknown, etag?: string, as = curator('judge')) =>
    world.call(pathOf(place, 'adjudicate'), {
      method: 'POST',
      body,
      as,
      headers: etag === undefined ? {} : { 'if-match': etag },
    });

  it('waits in a queue with all reviews, longest waiting first, page by page', async () => {
    const places = await disputed(3);

    const seen: Json[] = [];
    for (let cursor = ''; ;) {
      const page = await queue(places[0]!.dataset, `&limit=2${cursor}`);
      seen.push(...(page['items'] as Json[]));
      if (page['nextCursor'] === null) break;
      cursor = `&cursor=${page['nextCursor'] as string}`;
    }

    expect(seen.map(({ id }) => id)).toEqual(places.map(({ id }) => id));
    expect(seen[0]).toMatchObject({
      ...places[0],
      etag: '"1"',
      item: { status: 'draft', answer: expect.any(String) as string },
      round: {
        state: 'disputed',
        slots: [
          { reviewer: 'a', verdict: 'approved', label: 'edited', edits: { answer: 'What a says' } },
          { reviewer: 'b', verdict: 'deleted', label: 'deleted', note: 'nonsense' },
        ],
      },
    });
  });

  it('approves with the edits of a review and those of the curator on top', async () => {
    const [place] = await disputed();

    const decided = await judge(
      place!,
      { verdict: 'approved', slot: 1, edits: { comment: 'adjudicated' }, note: 'a is right' },
      '"1"',
    );

    expect(decided).toMatchObject({
      status: 200,
      body: {
        status: 'approved',
        etag: '"2"',
        round: { state: 'adjudicated', outcome: 'approved', resolvedBy: 'judge', note: 'a is right' },
      },
    });
    expect(decided.headers.get('etag')).toBe('"2"');
    expect(await stateOf(world, place!)).toMatchObject({
      status: 'approved',
      content: { answer: 'What a says', comment: 'adjudicated' },
    });
    expect(await queue(place!.dataset)).toEqual({ items: [], nextCursor: null });
  });

  it('deletes, and destroys no review', async () => {
    const [place] = await disputed();

    await judge(place!, { verdict: 'deleted' }, '"1"');

    expect(await stateOf(world, place!)).toMatchObject({ status: 'deleted' });
    const { body } = await world.call(pathOf(place!, 'reviews'), { as: curator('judge') });
    expect(body['rounds']).toMatchObject([
      { slots: [{ edits: { answer: 'What a says' } }, { note: 'nonsense' }] },
    ]);
  });

  it('may ask for another round, by anyone but the author', async () => {
    const [place] = await disputed();

    const decided = await judge(place!, { verdict: 'again', note: 'read the guidelines' }, '"1"');

    expect(decided).toMatchObject({ status: 200, body: { status: 'draft', round: { outcome: 'again' } } });
    for (const name of ['a', 'c'])
      expect((await claimAndReview(world, place!, name, { verdict: 'approved' })).status).toBe(200);
    expect(await stateOf(world, place!)).toMatchObject({ status: 'approved' });
  });

  it('sent again after a lost answer changes nothing', async () => {
    const [place] = await disputed();
    const body = { verdict: 'deleted', note: 'b is right' };

    const first = await judge(place!, body, '"1"');
    const again = await judge(place!, body, '"1"');

    expect(again).toMatchObject({ status: 200, body: first.body });
    expect(await stateOf(world, place!)).toMatchObject({ version: 2 });
  });

  it('is refused for the first of these reasons: 404, 403, 400, 409, 428, 412', async () => {
    const [place] = await disputed(1, 'judge-author');
    const open = (await overlapDataset(world, { required: 2, items: 1 })).places[0]!;

    expect((await judge({ ...place!, id: 'no-such-item' }, {})).status).toBe(404);
    for (const who of ['a', 'judge-author']) {
      expect(await judge(place!, {}, undefined, curator(who))).toMatchObject({
        status: 403,
        body: { code: 'forbidden' },
      });
    }
    expect((await judge(place!, { verdict: 'deleted' }, '"1"', reviewer('x'))).status).toBe(403);
    expect((await judge(place!, { verdict: 'perhaps' })).status).toBe(400);
    expect((await judge(place!, { verdict: 'deleted', slot: 1 })).status).toBe(400);
    expect(await judge(place!, { verdict: 'approved', slot: 2 })).toMatchObject({
      status: 400,
      body: { details: [{ field: 'slot' }] },
    });
    expect((await judge(place!, { verdict: 'approved', edits: { answer: null } })).status).toBe(400);
    expect(await judge(open, { verdict: 'deleted' })).toMatchObject({
      status: 409,
      body: { code: 'INVALID_TRANSITION' },
    });
    expect((await judge(place!, { verdict: 'deleted' })).status).toBe(428);
    expect(await judge(place!, { verdict: 'deleted' }, '"7"')).toMatchObject({
      status: 412,
      body: { current: { etag: '"1"' } },
    });
    expect((await judge(place!, { verdict: 'deleted' }, '"1"')).status).toBe(200);
  });

  it('is decided once when two curators decide at once', async () => {
    const [place] = await disputed();

    const answers = await Promise.all(
      ['judge-1', 'judge-2'].map((name, index) =>
        judge(place!, { verdict: index === 0 ? 'approved' : 'deleted' }, '"1"', curator(name)),
      ),
    );

    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(await stateOf(world, place!)).toMatchObject({ version: 2 });
  });

  it('is no longer needed when a curator has decided past it', async () => {
    const [place] = await disputed();
    await decide(world, place!, 'approved');

    expect((await queue(place!.dataset))['items']).toEqual([]);
    expect((await judge(place!, { verdict: 'deleted' }, '"2"')).status).toBe(409);
  });

  it('has no queue of an unknown dataset', async () => {
    const answer = await world.call('/v1/assignments/adjudications?dataset=nowhere', {
      as: curator('judge'),
    });
    expect(answer.status).toBe(404);
  });
});

describe('agreement', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  it('of a dataset is that of the worked example', async () => {
    // Cohen's kappa of the article on it: 20 both approve, 15 both delete, 5 and 10 differ; see agreement.spec.ts.
    const { dataset, places } = await overlapDataset(world, {
      required: 2,
      items: 50,
      tags: ['topic:grants'],
    });
    const verdictsOf = (index: number): [string, string] => {
      if (index < 20) return ['approved', 'approved'];
      if (index < 25) return ['approved', 'deleted'];
      return index < 35 ? ['deleted', 'approved'] : ['deleted', 'deleted'];
    };
    await Promise.all(
      places.map(async (place, index) => {
        const [a, b] = verdictsOf(index);
        await claimAndReview(world, place, 'a', { verdict: a });
        await claimAndReview(world, place, 'b', { verdict: b });
      }),
    );

    const { status, body } = await world.call(`/v1/datasets/${dataset}/agreement`, { as: curator('reader') });

    expect(status).toBe(200);
    expect(body).toMatchObject({
      dataset,
      items: 50,
      reviews: 100,
      labels: { approved: 55, edited: 0, deleted: 45 },
      percentAgreement: 0.7,
      fleissReviewers: 2,
      byTag: [{ tag: 'topic:grants', items: 50, percentAgreement: 0.7 }],
    });
    const { pairs, mean } = body['cohensKappa'] as { pairs: Json[]; mean: number };
    expect(pairs).toEqual([
      { reviewers: ['a', 'b'], items: 50, percentAgreement: 0.7, kappa: expect.closeTo(0.4, 9) as number },
    ]);
    expect(mean).toBeCloseTo(0.4, 9);
    // Pooled margins: (0.7 − 0.505) / 0.495, and alpha with its small-sample correction.
    expect(body['fleissKappa']).toBeCloseTo(0.3939, 4);
    expect(body['krippendorffsAlpha']).toBeCloseTo(0.4, 4);
  });

  it('counts no review of a round that is still open', async () => {
    const { dataset, places } = await overlapDataset(world, { required: 3, items: 1 });
    for (const name of ['a', 'b']) await claimAndReview(world, places[0]!, name, { verdict: 'approved' });
    await claim(world, places[0]!, 'c');

    const { body } = await world.call(`/v1/datasets/${dataset}/agreement`, { as: curator('reader') });

    expect(body).toMatchObject({
      items: 0,
      percentAgreement: null,
      fleissKappa: null,
      krippendorffsAlpha: null,
      byTag: [],
    });
  });

  it('is narrowed by a tag', async () => {
    const { dataset, places } = await overlapDataset(world, { required: 2, items: 1, tags: ['topic:one'] });
    for (const name of ['a', 'b']) await claimAndReview(world, places[0]!, name, { verdict: 'approved' });

    const of = (tag: string) =>
      world.call(`/v1/datasets/${dataset}/agreement?tag=${tag}`, { as: curator('reader') });

    expect((await of('topic:one')).body).toMatchObject({ items: 1, tag: 'topic:one' });
    expect((await of('topic:two')).body).toMatchObject({ items: 0 });
    expect((await of('no-tag')).status).toBe(400);
  });

  it('is for curators, and of datasets that exist', async () => {
    const call = (dataset: string, as: object) => world.call(`/v1/datasets/${dataset}/agreement`, { as });
    expect((await call('overlap-1', reviewer('a'))).status).toBe(403);
    expect((await call('nowhere', curator('a'))).status).toBe(404);
  });
});
