import { DialogueReviewRequested, type EventData } from '@hornbook/contracts';
import { Database } from '@hornbook/database';
import { Outbox } from '@hornbook/messaging';
import { eventually } from '@hornbook/testing';
import { randomUUID } from 'node:crypto';
import { startWorld, unique, type Body, type Row, type World } from './support/world.js';

type Request = EventData<typeof DialogueReviewRequested>;

const dialogue = {
  title: 'Ordering a coffee',
  category: 'restaurant',
  cefr_level: 'A2',
  accent: null,
  turns: [
    { text: 'Good morning, a coffee please.', order: 1, speaker: 'A' as const },
    { text: 'With milk and sugar?', order: 2, speaker: null },
  ],
};

function request(changes: Partial<Request> = {}): Request {
  return {
    dialogue_id: randomUUID(),
    version: 1,
    owner: 'content-team',
    submitted_by: 'key:pipeline',
    external_id: 'dlg-1',
    dialogue,
    objects_to: null,
    reason: null,
    requested_at: '2026-03-02T10:15:02.120Z',
    ...changes,
  };
}

describe('a dialogue that the exporter wants reviewed', () => {
  let world: World;
  let sent = 0;
  beforeAll(async () => {
    world = await startWorld({ replicas: 2 });
  });
  afterAll(() => world.stop());

  // This service's own outbox reaches the same exchange as the exporter's.
  async function send(...requests: Request[]): Promise<void> {
    const { app } = world.services[0]!;
    const messages = requests.map((data) => ({ key: data.dialogue_id, data }));
    await app
      .get(Database)
      .transaction((tx) => app.get(Outbox).publishAll(tx, DialogueReviewRequested, messages));
    sent += requests.length;
    await eventually(
      async () =>
        (
          await world.sql(
            `SELECT FROM inbox WHERE consumer = 'open-review-when-dialogue-review-is-requested'`,
          )
        ).length === sent,
      { description: 'the requests to be heard' },
    );
  }

  const itemOf = async (id: string): Promise<Body> =>
    (
      await world.sql(
        `SELECT i.*, s.status, s.version, s.author, s.assigned_to, d.name AS dataset FROM items i
         JOIN item_states s ON s.item_pk = i.pk JOIN datasets d ON d.id = i.dataset_id WHERE i.id = $1`,
        [id],
      )
    )[0];
  const eventsOf = async (id: string): Promise<Body[]> =>
    world.sql(`SELECT event, data FROM outbox WHERE key = $1 ORDER BY id`, [`dialogues/${id}`]);
  const rowOf = async (id: string): Promise<Row> => {
    const { bucket, version } = await itemOf(id);
    return { id, dataset: 'dialogues', bucket, etag: `"${String(version)}"` } as Row;
  };

  /** Has a user claim the item and decide about it. */
  async function decide(id: string, body: object): Promise<void> {
    const user = unique('reviewer');
    const row = await rowOf(id);
    const path = `/v1/assignments/dialogues/${row.bucket}/${id}`;
    expect((await world.call(`${path}/assign`, { method: 'POST', body: {}, as: user })).status).toBe(200);
    expect((await world.put(user, await rowOf(id), body)).status).toBe(200);
  }

  it('is a draft in the dataset of dialogues, under its own id, with its owner as author', async () => {
    const wanted = request();
    await send(wanted);
    expect(await itemOf(wanted.dialogue_id)).toMatchObject({
      dataset: 'dialogues',
      status: 'draft',
      version: 1,
      author: 'content-team',
      created_by: 'key:pipeline',
      assigned_to: null,
      content: { dialogue, metadata: { externalId: 'dlg-1', owner: 'content-team' } },
    });
  });

  it('is handed out by self-serve, and its approval tells the reviewer’s edits', async () => {
    const wanted = request();
    await send(wanted);
    const edited = { ...dialogue, title: 'Ordering a tea' };
    await decide(wanted.dialogue_id, { approve: true, dialogue: edited });
    const approved = (await eventsOf(wanted.dialogue_id)).filter(
      ({ event }) => event === 'ground-truth.approved.v1',
    );
    expect(approved).toMatchObject([
      { data: { dataset: 'dialogues', id: wanted.dialogue_id, version: 3, payload: { dialogue: edited } } },
    ]);
    expect((await itemOf(wanted.dialogue_id)).version).toBe(3);
  });

  it('is there once, however often and from wherever it is asked for', async () => {
    const wanted = request();
    await send(wanted, wanted, { ...wanted, dialogue: { ...dialogue, title: 'Something else' } });
    await world.services[1]!.app.get(Outbox).resend(new Date(0));
    await send(wanted);
    const [count] = await world.sql('SELECT count(*)::integer AS items FROM items WHERE id = $1', [
      wanted.dialogue_id,
    ]);
    expect(count).toEqual({ items: 1 });
    expect(await itemOf(wanted.dialogue_id)).toMatchObject({ version: 1, content: { dialogue } });
  });

  it('keeps what was decided when the first request comes again late', async () => {
    const wanted = request();
    await send(wanted);
    await decide(wanted.dialogue_id, { status: 'deleted' });
    await send(wanted);
    expect(await itemOf(wanted.dialogue_id)).toMatchObject({ status: 'deleted', version: 3 });
  });

  it('is a draft again, with the reason in its history and the edits in place, when its approved version was no good', async () => {
    const wanted = request();
    await send(wanted);
    const broken = { ...dialogue, title: 'Tea' };
    await decide(wanted.dialogue_id, { approve: true, dialogue: broken });
    const again = request({
      ...wanted,
      version: 2,
      objects_to: 3,
      reason: 'dialogue.title: String too short',
    });
    await send(again);
    expect(await itemOf(wanted.dialogue_id)).toMatchObject({
      status: 'draft',
      version: 4,
      assigned_to: null,
      content: { dialogue: broken },
    });
    const [entry] = await world.sql(
      `SELECT e.action, e.reason FROM item_history e JOIN items i ON i.pk = e.item_pk WHERE i.id = $1 AND e.version = 4`,
      [wanted.dialogue_id],
    );
    expect(entry).toEqual({ action: 'reopened', reason: 'dialogue.title: String too short' });
    expect((await eventsOf(wanted.dialogue_id)).at(-1)).toMatchObject({
      event: 'ground-truth.reopened.v1',
      data: { version: 4, fromStatus: 'approved' },
    });
    await send(again);
    expect((await itemOf(wanted.dialogue_id)).version).toBe(4);
  });

  it('is a draft again also when its approved version was rescheduled meanwhile: the content is the one objected to', async () => {
    const wanted = request();
    await send(wanted);
    await decide(wanted.dialogue_id, { approve: true, dialogue: { ...dialogue, title: 'Tea' } });
    const { bucket, etag } = await rowOf(wanted.dialogue_id);
    const { status } = await world.call(`/v1/ground-truths/dialogues/${bucket}/${wanted.dialogue_id}`, {
      method: 'PUT',
      headers: { 'If-Match': etag },
      body: { priority: 5 },
    });
    expect(status).toBe(200);
    await send(request({ ...wanted, version: 2, objects_to: 3, reason: 'too short' }));
    expect(await itemOf(wanted.dialogue_id)).toMatchObject({ status: 'draft', version: 5 });
  });

  it('keeps what was decided since then when an objection to an older version comes late', async () => {
    const wanted = request();
    await send(wanted);
    await decide(wanted.dialogue_id, { approve: true, dialogue: { ...dialogue, title: 'Tea' } });
    await send(request({ ...wanted, version: 2, objects_to: 3, reason: 'too short' }));
    await decide(wanted.dialogue_id, { approve: true, dialogue });
    await send(request({ ...wanted, version: 2, objects_to: 3, reason: 'too short' }));
    expect(await itemOf(wanted.dialogue_id)).toMatchObject({ status: 'approved', version: 6 });
  });

  it('is one of many: 100 at once, each twice, on two copies of the service, make 100 drafts', async () => {
    const wanted = Array.from({ length: 100 }, () => request());
    await Promise.all([send(...wanted), send(...wanted)]);
    const [count] = await world.sql(`SELECT count(*)::integer AS items FROM items WHERE id = ANY ($1)`, [
      wanted.map(({ dialogue_id }) => dialogue_id),
    ]);
    expect(count).toEqual({ items: 100 });
    expect(await world.sql('SELECT FROM dead_letters')).toEqual([]);
  });
});
