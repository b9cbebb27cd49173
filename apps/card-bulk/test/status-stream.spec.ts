import { once } from 'node:events';
import { eventually } from '@hornbook/testing';
import { cards } from './support/cards.js';
import { openStream, type EventStream } from './support/event-stream.js';
import { holdImportsOf } from './support/hold.js';
import { startWorld, type World } from './support/world.js';

describe('the event stream of an operation', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ env: { EVENT_STREAM_HEARTBEAT_MS: '50' } });
  });
  afterEach(() => world.expectExactLedger());
  afterAll(() => world.stop());

  const accept = async (as: string, options: Record<string, unknown> = {}, count = 3_000): Promise<string> =>
    String((await world.post('/bulk/import', { cards: cards(count), ...options }, { as })).body['task_id']);
  const open = (id: string, as: string, headers: Record<string, string> = {}): Promise<EventStream> =>
    openStream(world, `/bulk/tasks/${id}/events`, as, headers);

  it('tells every step up to the end, and ends with it', async () => {
    const as = 'watches';
    const letGo = await holdImportsOf(world, as);
    const id = await accept(as);
    const stream = await open(id, as);
    await eventually(() => stream.events.some(({ data }) => data['status'] === 'STARTED'));

    await letGo();
    await stream.ended;

    expect(stream.status).toBe(200);
    expect(stream.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(stream.headers.get('cache-control')).toContain('no-cache');
    const versions = stream.events.map(({ id: version }) => Number(version));
    expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
    expect(new Set(stream.events.map(({ event }) => event))).toEqual(new Set(['status']));
    const last = stream.events.at(-1)!;
    expect(last.data).toEqual((await world.call(`/bulk/status/${id}`, { as })).body);
    expect(last.data).toMatchObject({ status: 'SUCCESS', result: { cards_imported: 3_000 } });
  });

  it('shows that it lives while nothing changes', async () => {
    const as = 'heartbeat';
    const id = await accept(as, { run_at: new Date(Date.now() + 3_600_000).toISOString() }, 1);

    const stream = await open(id, as);

    await eventually(() => stream.comments.length >= 2);
    expect(stream.events.map(({ data }) => String(data['status']))).toEqual(['PENDING']);
    await world.call(`/bulk/tasks/${id}`, { method: 'DELETE', as });
    await stream.ended;
    expect(stream.events.map(({ data }) => String(data['status']))).toEqual(['PENDING', 'REVOKED']);
  });

  it('goes on after the last event that was received, and ends for good after the last one of all', async () => {
    const as = 'returns';
    const id = await accept(as, {}, 1);
    await world.finished(id, { as });
    const first = await open(id, as);
    await first.ended;
    const last = first.events.at(-1)!;

    const before = await open(id, as, { 'last-event-id': '1' });
    await before.ended;
    const after = await open(id, as, { 'last-event-id': last.id });

    expect(before.events).toEqual([last]);
    expect(after.status).toBe(204);
  });

  it('is open so many times at once for one owner, and again when one is left', async () => {
    const as = 'greedy';
    const id = await accept(as, { run_at: new Date(Date.now() + 3_600_000).toISOString() }, 1);
    const streams = await Promise.all(Array.from({ length: 10 }, () => open(id, as)));
    expect(streams.map(({ status }) => status)).toEqual(Array(10).fill(200));

    const refused = await world.call(`/bulk/tasks/${id}/events`, { as });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '10']);
    expect(refused.body['detail']).toContain('At most 10 event streams');

    streams[0]!.leave();
    const another = await eventually(async () => {
      const stream = await open(id, as);
      return stream.status === 200 && stream;
    });
    await world.call(`/bulk/tasks/${id}`, { method: 'DELETE', as });
    await another.ended;
    await Promise.all(streams.map(({ ended }) => ended));
  });

  it('does not keep a process that is to end', async () => {
    const ending = await startWorld();
    const as = 'stays';
    const run_at = new Date(Date.now() + 3_600_000).toISOString();
    const { body } = await ending.post('/bulk/import', { cards: cards(1), run_at }, { as });
    const stream = await openStream(ending, `/bulk/tasks/${body['task_id']}/events`, as);
    const asked = once(ending.app.getHttpServer(), 'request');
    const poll = ending.call(`/bulk/status/${body['task_id']}?wait=60`, { as });
    await asked;

    await ending.stop();

    await stream.ended;
    expect(stream.events).toHaveLength(1);
    expect((await poll).status).toBe(200);
  });
});
