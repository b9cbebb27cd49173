import { eventually } from '@hornbook/testing';
import { dialogue, dialogues } from './support/dialogues.js';
import { faithful, refuse } from './support/platform.js';
import { World, type FailureBody } from './support/world.js';

describe('failures', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open({});
  });
  beforeEach(async () => {
    await world.reset();
    world.platform.reply = refuse(500);
  });
  afterAll(() => world.close());

  const fail = async (count = 1): Promise<string[]> => {
    const ids = await world.export(dialogues(count));
    await world.settled(ids, 'failed');
    return ids;
  };

  it('keep what was sent, to the letter', async () => {
    await fail(2);
    const [failure] = await world.failures();
    const { body } = await world.call<FailureBody>(`/failures/${String(failure?.id)}`);
    expect(body.payload).toEqual(world.platform.received[0]!.request);
  });

  it('of a whole batch are retried with the same id and bytes', async () => {
    const ids = await fail(3);
    world.platform.reply = faithful;
    const [failure] = await world.failures();
    expect((await world.call(`/failures/${String(failure?.id)}/retry`, { method: 'POST' })).status).toBe(200);
    await world.settled(ids, 'confirmed');
    expect(world.platform.received).toHaveLength(2);
    expect(world.platform.received[1]!.body).toBe(world.platform.received[0]!.body);
    expect((await world.dialogue(ids[0]!)).history.map(({ event }) => event)).toEqual([
      'submitted',
      'batched',
      'sending',
      'answered',
      'failed',
      'retry_requested',
      'sending',
      'confirmed',
    ]);
  });

  it('that fail again make a new entry, which counts the retries', async () => {
    const ids = await fail();
    const [failure] = await world.failures();
    await world.call(`/failures/${String(failure?.id)}/retry`, { method: 'POST' });
    await eventually(async () => (await world.failures('?resolved=false')).length === 1);
    await world.settled(ids, 'failed');
    const [open] = await world.failures('?resolved=false');
    expect(open).toMatchObject({ retry_count: 1, dialogue_ids: ids });
    expect(open?.id).not.toBe(failure?.id);
    expect((await world.failures('?resolved=true')).map(({ id }) => id)).toEqual([failure?.id]);
  });

  it('can be closed for good; the dialogues stay out, and no decision is made twice', async () => {
    const ids = await fail();
    const [failure] = await world.failures();
    const path = `/failures/${String(failure?.id)}`;
    const resolved = await world.call(`${path}/resolve`, {
      method: 'POST',
      body: { note: 'Withdrawn by the author' },
    });
    expect(resolved).toMatchObject({
      status: 200,
      body: { resolution: 'resolved', resolved_by: 'user-1', note: 'Withdrawn by the author' },
    });
    const { status, history } = await world.dialogue(ids[0]!);
    expect(status).toBe('resolved');
    expect(history.at(-1)).toMatchObject({
      event: 'resolved',
      detail: { note: 'Withdrawn by the author', by: 'user-1' },
    });
    for (const decision of ['retry', 'resolve']) {
      const answer = await world.call(`${path}/${decision}`, { method: 'POST' });
      expect(answer).toMatchObject({ status: 409, body: { code: 'conflict' } });
    }
    expect((await world.exportNow()).body).toEqual({ batches: 0, dialogues: 0 });
  });

  it('are retried once, however many ask at once', async () => {
    const ids = await fail();
    world.platform.reply = faithful;
    const [failure] = await world.failures();
    const answers = await Promise.all(
      Array.from({ length: 6 }, () =>
        world.call(`/failures/${String(failure?.id)}/retry`, { method: 'POST' }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(5);
    await world.settled(ids, 'confirmed');
    expect((await world.dialogue(ids[0]!)).retry_count).toBe(1);
  });

  it('are retried in bulk by error type, by ids, or both', async () => {
    const a = await fail();
    const b = await fail();
    world.platform.reply = refuse(404);
    world.platform.next(refuse(400, {}));
    const c = await fail();
    const types = Object.fromEntries(
      (await world.failures()).map(({ dialogue_ids, error_type, id }) => [
        dialogue_ids[0],
        { error_type, id },
      ]),
    );
    world.platform.reply = faithful;
    const bulk = async (body: unknown): Promise<unknown> =>
      (await world.call('/failures/retry', { method: 'POST', body })).body;
    expect(await bulk({ error_type: 'timeout' })).toEqual({ retried: 0, remaining: 0 });
    expect(
      await bulk({ error_type: 'unexpected_answer', ids: [types[a[0]!]!.id, types[c[0]!]!.id] }),
    ).toEqual({ retried: 1, remaining: 0 });
    await world.settled(a, 'confirmed');
    expect(await bulk({ error_type: 'unexpected_answer' })).toEqual({ retried: 1, remaining: 0 });
    await world.settled(b, 'confirmed');
    expect(await bulk({ ids: [types[c[0]!]!.id] })).toEqual({ retried: 1, remaining: 0 });
    await world.settled(c, 'confirmed');
    for (const body of [{}, { error_type: 'bad luck' }, { ids: [] }, { ids: ['1'] }]) {
      expect({
        body,
        status: (await world.call('/failures/retry', { method: 'POST', body })).status,
      }).toEqual({ body, status: 400 });
    }
  });

  it('unknown, or with an id that is none, are not found', async () => {
    expect((await world.call('/failures/4711')).status).toBe(404);
    expect((await world.call('/failures/4711/retry', { method: 'POST' })).status).toBe(404);
    expect((await world.call('/failures/first')).status).toBe(400);
    expect((await world.call('/failures/2147483648')).status).toBe(400);
  });

  it('are listed page by page, newest first', async () => {
    for (let index = 0; index < 3; index++) await fail();
    const first = await world.call<{ items: FailureBody[]; next_cursor: string }>('/failures?limit=2');
    const second = await world.call<{ items: FailureBody[]; next_cursor: null }>(
      `/failures?limit=2&cursor=${first.body.next_cursor}`,
    );
    const ids = [...first.body.items, ...second.body.items].map(({ id }) => id);
    expect(ids).toEqual([...ids].sort((x, y) => y - x));
    expect(ids).toHaveLength(3);
    expect(second.body.next_cursor).toBeNull();
  });

  it('leave no dialogue in neither place: every one is on its way, confirmed, or in a failure', async () => {
    world.platform.reply = faithful;
    const bad = dialogue({ title: 'This one is bad' });
    world.platform.next(
      refuse(400, { details: [{ field: 'dialogues[0].title', error: 'No' }] }),
      refuse(500),
      refuse(409, { error: 'duplicate_batch', payload_matches: false }),
    );
    const ids = await world.submit([bad, ...dialogues(200)]);
    await world.exportNow();
    await eventually(
      async () =>
        (await world.sql(`SELECT FROM export_batches WHERE state IN ('ready', 'sending', 'waiting')`))
          .length === 0,
    );
    const lost = await world.sql(
      `SELECT dialogue_id FROM sync_status s WHERE status <> 'confirmed'
         AND NOT EXISTS (SELECT FROM export_failures f WHERE resolved_at IS NULL AND s.dialogue_id = ANY (f.dialogue_ids))`,
    );
    expect(lost).toEqual([]);
    const [counts] = await world.sql<{ confirmed: number; failed: number }>(
      `SELECT count(*) FILTER (WHERE status = 'confirmed')::integer AS confirmed, count(*) FILTER (WHERE status = 'failed')::integer AS failed FROM sync_status`,
    );
    expect(counts!.confirmed + counts!.failed).toBe(ids.length);
    expect(new Set(world.platform.titles).size).toBe(world.platform.titles.length);
    expect(world.platform.titles).toHaveLength(counts!.confirmed);
  });
});
