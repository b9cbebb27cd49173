import { batchIdPattern, bulkImportRequestSchema, payloadHash } from '@hornbook/contracts';
import { eventually } from '@hornbook/testing';
import { dialogue, dialogues } from './support/dialogues.js';
import { silence } from './support/platform.js';
import { PLATFORM_TOKEN, World, type DialogueBody } from './support/world.js';

describe('export in batches', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open({});
  });
  afterEach(() => world.close());

  it('sends what the contract of the platform demands', async () => {
    const ids = await world.export([
      dialogue({ title: 'What is new today', category: 'news', cefr_level: 'C1', accent: 'us' }),
      dialogue({ title: 'About your home town', category: 'ielts_part1', cefr_level: 'A2' }),
    ]);
    await world.settled(ids, 'confirmed');
    const [batch] = world.platform.received;
    expect(batch?.headers).toMatchObject({
      authorization: `Bearer ${PLATFORM_TOKEN}`,
      'content-type': 'application/json',
      'x-batch-id': batch?.batchId,
    });
    expect(batch?.batchId).toMatch(batchIdPattern);
    expect(bulkImportRequestSchema.safeParse(batch?.request).success).toBe(true);
    expect(batch?.request).toMatchObject({
      source: 'automation-pipeline',
      dialogues: [
        {
          title: 'What is new today',
          category_name: 'General',
          difficulty_level: 'advanced',
          accent: 'american',
          description: 'CEFR C1 - News conversation',
        },
        {
          title: 'About your home town',
          category_name: 'IELTS_Part1',
          difficulty_level: 'beginner',
          description: 'CEFR A2 - IELTS Part 1 conversation',
        },
      ],
    });
    expect(batch?.request.dialogues[1]).not.toHaveProperty('accent');
    expect(batch?.request.dialogues[0]?.phrases[1]).toEqual({
      reference_text: 'Certainly. For how many people and what time?',
      order: 2,
      difficulty: 'advanced',
      speaker: 'B',
    });
    const [row] = await world.sql<{ payload_hash: string }>('SELECT payload_hash FROM export_batches');
    expect(row?.payload_hash).toBe(payloadHash(batch!.request));
  });

  it('never sends more than 50 dialogues at once, nor two batches with one id, however many are made in one second', async () => {
    const ids = await world.export(dialogues(430));
    await world.settled(ids, 'confirmed');
    const { received } = world.platform;
    expect(received.map(({ request }) => request.dialogues.length).sort((a, b) => a - b)).toEqual([
      30,
      ...Array.from({ length: 8 }, () => 50),
    ]);
    expect(new Set(received.map(({ batchId }) => batchId)).size).toBe(9);
  });

  it('leaves as soon as 50 are ready, without being asked; a rest waits', async () => {
    const early = await world.submit(dialogues(49));
    const [row] = await world.sql<{ count: string }>('SELECT count(*) FROM export_batches');
    expect(row?.count).toBe('0');
    const late = await world.submit(dialogues(11));
    await world.settled([...early, ...late.slice(0, 1)], 'confirmed');
    expect(world.platform.received).toHaveLength(1);
    expect((await world.dialogue(late[10]!)).status).toBe('ready');
  });

  it('leaves when the schedule strikes, which a restart neither forgets nor advances', async () => {
    const ids = await world.submit(dialogues(3));
    await world.services[0]!.stop();
    await world.sql(`UPDATE export_settings SET next_export_at = now() + interval '1 second'`);
    await world.start();
    await world.settled(ids, 'confirmed');
    expect(world.platform.received).toHaveLength(1);
  });

  it('"now" answers 202 with what was put into batches', async () => {
    await world.submit(dialogues(7));
    const answer = await world.exportNow();
    expect(answer.status).toBe(202);
    expect(answer.body).toEqual({ batches: 1, dialogues: 7 });
    expect((await world.exportNow()).body).toEqual({ batches: 0, dialogues: 0 });
  });

  it('never mixes owners in one batch', async () => {
    const a = await world.submit(dialogues(3), { owner: 'a' });
    const b = await world.submit(dialogues(3), { owner: 'b' });
    await world.exportNow();
    await world.settled([...a, ...b], 'confirmed');
    expect(world.platform.received.map(({ request }) => request.dialogues.length)).toEqual([3, 3]);
  });

  it('keeps as many batches in flight as configured, and no more', async () => {
    await world.services[0]!.stop();
    await world.start({ EXPORT_CONCURRENCY: '3' });
    world.platform.reply = silence;
    await world.submit(dialogues(300));
    await eventually(() => world.platform.received.length >= 3);
    expect(
      await world.sql(`SELECT state, count(*)::integer FROM export_batches GROUP BY state ORDER BY state`),
    ).toContainEqual({ state: 'sending', count: 3 });
    expect(world.platform.mostAtOnce).toBe(3);
  });

  it('shows a dialogue’s whole history, with times and batch ids', async () => {
    const [id] = (await world.export([dialogue()])) as [string];
    await world.settled([id], 'confirmed');
    const { history, batch_id, status } = await world.dialogue(id);
    expect(status).toBe('confirmed');
    expect(history.map(({ event, batch_id: batch }) => [event, batch])).toEqual([
      ['submitted', null],
      ['batched', batch_id],
      ['sending', batch_id],
      ['confirmed', batch_id],
    ]);
    expect(history.map(({ at }) => at)).toEqual(history.map(({ at }) => at).sort());
    const batch = await world.call<{
      history: { event: string }[];
      members: { dialogue_id: string; pronielts_dialog_id: number }[];
    }>(`/batches/${String(batch_id)}`);
    expect(batch.body.history.map(({ event }) => event)).toEqual(['batched', 'sending', 'confirmed']);
    expect(batch.body.members).toEqual([
      expect.objectContaining({ position: 0, dialogue_id: id, status: 'confirmed', pronielts_dialog_id: 1 }),
    ]);
  });

  it('lists dialogues and batches page by page, newest first, by status', async () => {
    const ids = await world.submit(dialogues(7));
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: { body: { items: DialogueBody[]; next_cursor: string | null } } = await world.call(
        `/dialogues?status=ready&limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      seen.push(...page.body.items.map(({ id }) => id));
      cursor = page.body.next_cursor;
    }
    expect(seen).toEqual([...ids].reverse());
    expect((await world.call<{ items: unknown[] }>('/dialogues?status=confirmed')).body.items).toEqual([]);
    const page = await world.call<{ items: { id: string }[]; next_cursor: string }>('/dialogues?limit=3');
    expect(page.body.items.map(({ id }) => id)).toEqual([...ids].reverse().slice(0, 3));
    expect((await world.call('/dialogues?cursor=nonsense')).status).toBe(400);
    expect((await world.call('/dialogues?status=lost')).status).toBe(400);
    expect((await world.call(`/batches?cursor=${page.body.next_cursor}`)).status).toBe(400);
  });

  it('never writes the token into a log', async () => {
    const ids = await world.export(dialogues(2));
    await world.settled(ids, 'confirmed');
    expect(world.log.length).toBeGreaterThan(0);
    expect(world.log.join('')).not.toContain(PLATFORM_TOKEN);
  });
});
