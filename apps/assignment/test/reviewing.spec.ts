import {
  makeItem,
  makeItems,
  pathOf,
  startWorld,
  unique,
  type Answer,
  type Row,
  type World,
} from './support/world.js';

describe('reviewing an item', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  /** An item in somebody's hands. */
  const held = async (user: string, overrides: object = {}): Promise<Row> => {
    const dataset = unique('review');
    await world.importItems([makeItem(dataset, overrides)]);
    await world.selfServe(user, 1, { datasets: [dataset] });
    return (await world.my(user)).find((row) => row.dataset === dataset)!;
  };
  const seen = ({ status, body }: Answer): [number, unknown] => [status, body?.code];
  const curator = { roles: ['curator' as const], sub: 'carla', owner: 'carla' };
  const current = async (row: Row): Promise<Answer> => world.call(pathOf(row, 'ground-truths'));

  it('is refused in the order 401, 404, 403, 400, 409, 428, 412', async () => {
    const [alice, bob] = [unique('alice'), unique('bob')];
    const row = await held(alice, { answer: '' });
    const bad = { headers: { 'If-Match': '"99"' } };
    const broken = { approve: true, colour: 'red' };

    expect(seen(await world.put(alice, row, broken, { ...bad, as: null }))).toEqual([401, 'unauthenticated']);
    expect(seen(await world.put(alice, { ...row, id: 'nobody' }, broken, bad))).toEqual([404, 'not_found']);
    expect(seen(await world.put(alice, { ...row, bucket: crypto.randomUUID() }, broken, bad))).toEqual([
      404,
      'not_found',
    ]);
    expect(seen(await world.put(bob, row, broken, bad))).toEqual([403, 'ASSIGNMENT_OWNERSHIP']);
    expect(seen(await world.put(alice, row, broken, bad))).toEqual([400, 'validation_error']);
    expect(seen(await world.put(alice, row, { approve: true }, bad))).toEqual([400, 'INVALID_APPROVAL']);
    expect(seen(await world.put(alice, row, { comment: 'x' }, { headers: {} }))).toEqual([
      428,
      'precondition_required',
    ]);
    const stale = await world.put(alice, row, { comment: 'x' }, bad);
    expect(seen(stale)).toEqual([412, 'precondition_failed']);
    expect(stale.body.current).toMatchObject({ version: 2, etag: '"2"', updatedBy: alice });
    expect((await current(row)).body.version).toBe(2);
  });

  it('that is nobody’s is refused to everybody, admins too', async () => {
    const dataset = unique('review');
    const item = makeItem(dataset);
    await world.importItems([item]);
    const { body } = await world.call(`/v1/ground-truths?dataset=${dataset}`);
    const row = body.items[0] as Row;

    expect(seen(await world.put('alice', row, { approve: true }))).toEqual([403, 'ASSIGNMENT_OWNERSHIP']);
    expect(seen(await world.put('alice', row, { approve: true }, { as: {} }))).toEqual([
      403,
      'ASSIGNMENT_OWNERSHIP',
    ]);
  });

  it.each([
    ['a weak tag', 'W/"2"', 412],
    ['another tag', '"1"', 412],
    ['a list without it', '"1", "3"', 412],
    ['a list with it', '"1", "2"', 200],
    ['a list with it weakly', 'W/"2", "3"', 412],
    ['a bare token', '2', 200],
    ['broken quotes', '"2', 400],
    ['a list of nothing', ',', 400],
    ['too long a list', Array.from({ length: 900 }, () => '"1"').join(','), 400],
    ['*, by a reviewer', '*', 400],
  ])('under %s in If-Match', async (_, header, status) => {
    const alice = unique('alice');
    const row = await held(alice);

    const answer = await world.put(alice, row, { comment: 'seen' }, { headers: { 'If-Match': header } });

    expect(answer.status).toBe(status);
    expect((await current(row)).body.version).toBe(status === 200 ? 3 : 2);
  });

  it('under * in If-Match is for those who lead', async () => {
    const alice = unique('alice');
    const row = await held(alice);
    const as = { sub: alice, owner: alice, roles: ['curator' as const] };
    expect((await world.put(alice, row, { comment: 'x' }, { headers: { 'If-Match': '*' }, as })).status).toBe(
      200,
    );
  });

  it.each([
    ['approval', { approve: true, answer: 'Changed.' }],
    ['skip', { status: 'skipped' }],
    ['deletion', { status: 'deleted', reason: 'nonsense' }],
    ['edit', { comment: 'seen' }],
  ])('sent again after its answer was lost: the same %s is a 200 and changes nothing', async (_, body) => {
    const alice = unique('alice');
    const row = await held(alice);
    const first = await world.put(alice, row, body);

    const second = await world.put(alice, row, body);

    expect([first.status, second.status]).toEqual([200, 200]);
    expect(second.body).toEqual(first.body);
    const { body: history } = await world.call(`${pathOf(row, 'ground-truths')}/history`);
    expect(history.items).toHaveLength(3);
  });

  it('sent again with another content is refused', async () => {
    const alice = unique('alice');
    const row = await held(alice);
    await world.put(alice, row, { comment: 'one' });
    expect((await world.put(alice, row, { comment: 'two' })).status).toBe(412);
  });

  it('keeps the original question apart from the edited one', async () => {
    const alice = unique('alice');
    const row = await held(alice, { synthQuestion: 'First?' });
    const { body } = await world.put(alice, row, { editedQuestion: 'Second?', manualTags: ['topic:travel'] });
    expect(body).toMatchObject({
      synthQuestion: 'First?',
      editedQuestion: 'Second?',
      tags: ['topic:travel'],
      version: 3,
    });
    expect((await world.put(alice, { ...row, etag: body.etag }, { synthQuestion: 'No' })).status).toBe(400);
  });

  it('approves what has a question and an answer, or a dialogue, and says what is missing otherwise', async () => {
    const alice = unique('alice');
    const empty = await held(alice, { synthQuestion: undefined, answer: undefined });
    const refused = await world.put(alice, empty, { approve: true, answer: null });
    expect((refused.body.details as { field: string }[]).map(({ field }) => field)).toEqual([
      'editedQuestion',
      'answer',
    ]);

    const dialogue = await held(alice, {
      synthQuestion: undefined,
      answer: undefined,
      dialogue: { title: 'Hello' },
    });
    expect((await world.put(alice, dialogue, { approve: true })).status).toBe(200);
  });

  it('is never again served once approved or deleted, and only curators reopen it', async () => {
    const alice = unique('alice');
    const row = await held(alice);
    await world.put(alice, row, { approve: true });

    expect((await world.selfServe('bob', 1, { datasets: [row.dataset] })).body).toMatchObject({
      assignedCount: 0,
      shortfall: 'SUPPLY_EXHAUSTED',
    });
    expect(seen(await world.call(`${pathOf(row)}/assign`, { method: 'POST', as: 'bob' }))).toEqual([
      409,
      'INVALID_TRANSITION',
    ]);
    expect((await world.call(`${pathOf(row)}/assign`, { body: { force: true }, as: 'bob' })).status).toBe(
      403,
    );
    const reopened = await world.call(pathOf(row, 'ground-truths'), {
      method: 'PUT',
      body: { status: 'draft' },
      headers: { 'If-Match': '"3"' },
      as: curator,
    });
    expect(reopened.body).toMatchObject({ status: 'draft', assignedTo: null, reviewedAt: null, version: 4 });
    expect((await world.selfServe('bob', 1, { datasets: [row.dataset] })).body.assignedCount).toBe(1);
  });

  it('claims one named item: 409 with the holder, force for those who lead', async () => {
    const [alice, bob] = [unique('alice'), unique('bob')];
    const row = await held(alice);
    const path = `${pathOf(row)}/assign`;

    const refused = await world.call(path, { method: 'POST', as: bob });
    expect(seen(refused)).toEqual([409, 'ALREADY_ASSIGNED']);
    expect(refused.body).toMatchObject({ assignedTo: alice, assignedAt: row.assignedAt });
    expect((await world.call(path, { method: 'POST', as: alice })).body.version).toBe(2);
    expect((await world.call(path, { body: { force: true }, as: curator })).body.assignedTo).toBe('carla');
    expect(seen(await world.put(alice, row, { comment: 'late' }))).toEqual([403, 'ASSIGNMENT_OWNERSHIP']);
  });

  it('is given back with its edits, by its holder or who leads, as often as asked', async () => {
    const [alice, bob] = [unique('alice'), unique('bob')];
    const row = await held(alice);
    await world.put(alice, row, { comment: 'half done' });
    const path = `${pathOf(row)}/assign`;

    expect(seen(await world.call(path, { method: 'DELETE', as: bob }))).toEqual([
      403,
      'ASSIGNMENT_OWNERSHIP',
    ]);
    expect((await world.call(path, { method: 'DELETE', as: alice })).body).toMatchObject({
      assignedTo: null,
      assignedAt: null,
      comment: 'half done',
      version: 4,
    });
    expect((await world.call(path, { method: 'DELETE', as: curator })).body.version).toBe(4);
    expect((await world.selfServe(bob, 1, { datasets: [row.dataset] })).body.assigned[0].id).toBe(row.id);
  });

  it('flags what was skipped as often as the dataset says', async () => {
    const dataset = unique('skips');
    await world.call(`/v1/datasets/${dataset}`, { method: 'PUT', body: { skipFlagAfter: 2 } });
    await world.importItems(makeItems(dataset, 1));
    const flagged: number[] = [];
    for (const user of ['dora', 'emil'].map(unique)) {
      await world.selfServe(user, 1, { datasets: [dataset] });
      const [row] = await world.my(user);
      await world.put(user, row!, { status: 'skipped', reason: 'too_hard' });
      const { body } = await world.call(`/v1/ground-truths?dataset=${dataset}&flagged=true`);
      flagged.push(body.items.length as number);
    }
    expect(flagged).toEqual([0, 1]);
  });

  it('names what is no id or path of an item as not found', async () => {
    for (const id of [
      '..',
      '.',
      'a b',
      'x\u0000y',
      '\ud83d',
      'e\u0301',
      '../../etc/passwd',
      'a/b',
      'x'.repeat(200),
    ]) {
      const path = `/v1/ground-truths/${encodeURIComponent('travel')}/${crypto.randomUUID()}/${encodeURIComponent(id.toWellFormed())}`;
      expect([404, 400]).toContain((await world.call(path)).status);
    }
  });
});
