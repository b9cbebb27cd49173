import { createHash } from 'node:crypto';
import { Database } from '@hornbook/database';
import { eventually } from '@hornbook/testing';
import { SnapshotBuilder } from '../src/snapshots/snapshot-builder.js';
import {
  curator,
  decide,
  imported,
  newDataset,
  reviewer,
  type Json,
  type Place,
} from './support/reviewers.js';
import { startWorld, type Answer, type Call, type World } from './support/world.js';

const PATH = '/v1/ground-truths/snapshots';

describe('snapshots', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  const approved = async (
    count: number,
    tags: readonly string[] = [],
  ): Promise<{ dataset: string; places: Place[] }> => {
    const dataset = newDataset();
    const places = await imported(world, dataset, count, 'author', tags);
    for (const place of places) await decide(world, place, 'approved');
    return { dataset, places };
  };

  const ask = (body: unknown, call: Call = {}): Promise<Answer> =>
    world.call(PATH, { method: 'POST', body, as: curator('archivist'), ...call });

  const take = async (body: unknown): Promise<Json> => {
    const { status, body: asked, headers } = await ask(body);
    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`${PATH}/${String(asked['id'])}`);
    return eventually(async () => {
      const { body: snapshot } = await world.call(String(headers.get('location')), {
        as: curator('archivist'),
      });
      return snapshot['status'] === 'building' ? false : (snapshot as Json);
    });
  };

  const items = (id: unknown, query = '', headers = {}): Promise<Answer> =>
    world.call(`${PATH}/${String(id)}/items${query}`, { as: curator('archivist'), headers });

  const lines = async (id: unknown): Promise<Json[]> => {
    const { text } = await items(id, '?format=ndjson');
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Json);
  };

  const diff = async (from: unknown, to: unknown, rest = ''): Promise<Json> => {
    const { status, body } = await world.call(`${PATH}/${String(from)}/diff?to=${String(to)}${rest}`, {
      as: curator('archivist'),
    });
    expect(status).toBe(200);
    return body as Json;
  };

  /** Puts new content into an approved item, past its reviewers. */
  const edit = async ({ dataset, id }: Place, answer: string): Promise<void> => {
    await world.sql(
      `UPDATE items SET content = content || jsonb_build_object('answer', $3::text) FROM datasets
       WHERE datasets.id = dataset_id AND name = $1 AND items.id = $2`,
      [dataset, id, answer],
    );
  };

  it('hold what is approved and nothing else', async () => {
    const { dataset, places } = await approved(3);
    await decide(world, places[1]!, 'draft');

    const snapshot = await take({ datasets: [dataset], note: 'before the release' });

    expect(snapshot).toMatchObject({
      status: 'ready',
      count: 2,
      datasetNames: [dataset],
      filters: { datasets: [dataset], tags: [], status: 'approved' },
      note: 'before the release',
      createdBy: 'archivist',
    });
    expect((await lines(snapshot['id'])).map(({ id }) => id)).toEqual([places[0]!.id, places[2]!.id]);
  });

  it('have the SHA-256 of their NDJSON, whose lines are canonical JSON in order', async () => {
    const { dataset } = await approved(3);
    const snapshot = await take({ datasets: [dataset] });

    const answer = await items(snapshot['id'], '?format=ndjson');

    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
    const digest = createHash('sha256').update(answer.text);
    expect(snapshot['hash']).toBe(digest.copy().digest('hex'));
    expect(answer.headers.get('repr-digest')).toBe(`sha-256=:${digest.digest('base64')}:`);
    expect(snapshot['bytes']).toBe(Buffer.byteLength(answer.text));
    expect(answer.text.split('\n')[0]).toMatch(/^\{"answer":"It is 1\.","bucket":"[\w-]{36}","dataset":"/);
  });

  it('come as one JSON document with the same items', async () => {
    const { dataset } = await approved(2);
    const snapshot = await take({ datasets: [dataset] });

    const { body, headers } = await items(snapshot['id']);

    expect(headers.get('content-type')).toContain('application/json');
    expect(body).toEqual({ ...snapshot, items: await lines(snapshot['id']) });
  });

  it('may be empty', async () => {
    const { dataset, places } = await approved(1);
    await decide(world, places[0]!, 'deleted');

    const snapshot = await take({ datasets: [dataset] });

    expect(snapshot).toMatchObject({ count: 0, hash: createHash('sha256').digest('hex') });
    expect((await items(snapshot['id'])).body).toMatchObject({ items: [] });
  });

  it('of more items than are read at once are whole and in order', async () => {
    const dataset = newDataset();
    const places = await imported(world, dataset, 2_300);
    await world.sql(
      `UPDATE item_states SET status = 'approved' FROM datasets WHERE datasets.id = dataset_id AND name = $1`,
      [dataset],
    );

    const snapshot = await take({ datasets: [dataset] });

    expect((await lines(snapshot['id'])).map(({ id }) => id)).toEqual(places.map(({ id }) => id));
  });

  it('never change, whatever becomes of the items, and refuse every change in the database', async () => {
    const { dataset, places } = await approved(2);
    const snapshot = await take({ datasets: [dataset] });
    const before = (await items(snapshot['id'], '?format=ndjson')).text;

    await edit(places[0]!, 'Rewritten');
    await decide(world, places[1]!, 'deleted');

    expect((await items(snapshot['id'], '?format=ndjson')).text).toBe(before);
    const id = String(snapshot['id']);
    for (const statement of [
      `UPDATE snapshots SET note = 'other' WHERE id = '${id}'`,
      `DELETE FROM snapshots WHERE id = '${id}'`,
      `UPDATE snapshot_items SET version = 9 WHERE snapshot_id = '${id}'`,
      `DELETE FROM snapshot_items WHERE snapshot_id = '${id}'`,
      `UPDATE snapshot_contents SET content = '{}'`,
      `INSERT INTO snapshot_items SELECT '${id}', dataset, 'late', version, hash FROM snapshot_items LIMIT 1`,
    ]) {
      await expect(world.sql(statement)).rejects.toThrow(/immutable/);
    }
  });

  it('are not sent again to whoever has them', async () => {
    const { dataset } = await approved(1);
    const snapshot = await take({ datasets: [dataset] });
    const first = await items(snapshot['id']);
    const etag = String(first.headers.get('etag'));

    const again = await items(snapshot['id'], '', { 'if-none-match': etag });
    const otherForm = await items(snapshot['id'], '?format=ndjson', { 'if-none-match': etag });

    expect(etag).toMatch(/^"[0-9a-f]{64}\.json"$/);
    expect(again).toMatchObject({ status: 304, text: '' });
    expect(otherForm.status).toBe(200);
  });

  it('are narrowed by tags', async () => {
    const plain = await approved(1);
    const tagged = await approved(1, ['topic:one', 'level:b2']);

    const snapshot = await take({ datasets: [plain.dataset, tagged.dataset], tags: ['topic:one'] });

    expect(await lines(snapshot['id'])).toMatchObject([
      { dataset: tagged.dataset, tags: ['level:b2', 'topic:one'] },
    ]);
  });

  it('tell what was added, removed and changed between two, page by page', async () => {
    const { dataset, places } = await approved(4);
    await decide(world, places[3]!, 'draft');
    const older = await take({ datasets: [dataset] });
    await edit(places[0]!, 'Rewritten');
    await decide(world, places[1]!, 'deleted');
    await decide(world, places[3]!, 'approved');
    const newer = await take({ datasets: [dataset] });

    const whole = await diff(older['id'], newer['id']);

    expect(whole).toMatchObject({
      from: older['id'],
      to: newer['id'],
      counts: { added: 1, removed: 1, changed: 1, unchanged: 1 },
      items: [
        { change: 'changed', id: places[0]!.id, fields: ['answer'], fromVersion: 2, toVersion: 2 },
        { change: 'removed', id: places[1]!.id, toVersion: null, toHash: null, fields: [] },
        { change: 'added', id: places[3]!.id, fromVersion: null, fromHash: null, toVersion: 4, fields: [] },
      ],
      nextCursor: null,
    });
    const paged: unknown[] = [];
    for (let cursor = ''; ;) {
      const page = await diff(older['id'], newer['id'], `&limit=1${cursor}`);
      paged.push(...(page['items'] as unknown[]));
      if (page['nextCursor'] === null) break;
      cursor = `&cursor=${page['nextCursor'] as string}`;
      expect(page['items']).toHaveLength(1);
    }
    expect(paged).toEqual(whole['items']);
    for (const change of ['added', 'removed', 'changed']) {
      expect((await diff(older['id'], newer['id'], `&change=${change}`))['items']).toMatchObject([
        { change },
      ]);
    }
    expect((await diff(newer['id'], newer['id']))['items']).toEqual([]);
  });

  it('store equal contents once', async () => {
    const { dataset } = await approved(2);
    const contents = async (): Promise<number> =>
      (await world.sql<{ count: number }>('SELECT count(*)::integer FROM snapshot_contents'))[0]?.count ?? 0;
    await take({ datasets: [dataset] });
    const before = await contents();

    await take({ datasets: [dataset] });

    expect(await contents()).toBe(before);
  });

  it('are made once for a key, which stands for one request', async () => {
    const { dataset } = await approved(1);
    const headers = { 'idempotency-key': 'nightly-1' };

    const answers = await Promise.all(
      Array.from({ length: 4 }, () => ask({ datasets: [dataset] }, { headers })),
    );
    const other = await ask({ datasets: [] }, { headers });

    expect(new Set(answers.map(({ status, body }) => `${String(status)} ${String(body['id'])}`)).size).toBe(
      1,
    );
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
    await eventually(
      async () => (await world.sql(`SELECT 1 FROM snapshots WHERE status = 'building'`)).length === 0,
    );
  });

  it('are listed newest first, page by page', async () => {
    const { dataset } = await approved(1);
    const made = [await take({ datasets: [dataset] }), await take({ datasets: [dataset] })];

    const page = await world.call(`${PATH}?limit=1`, { as: curator('archivist') });
    const next = await world.call(`${PATH}?limit=1&cursor=${String(page.body['nextCursor'])}`, {
      as: curator('archivist'),
    });

    expect(page.body['items']).toEqual([made[1]]);
    expect(next.body['items']).toEqual([made[0]]);
  });

  it('that two processes build at once are all built, each once', async () => {
    const { dataset } = await approved(2);
    const app = world.services[0]!.app;
    const builder = app.get(SnapshotBuilder, { strict: false });

    const asked = await Promise.all(Array.from({ length: 6 }, () => ask({ datasets: [dataset] })));
    await Promise.all(Array.from({ length: 4 }, () => builder.buildNext()));

    const ids = asked.map(({ body }) => String(body['id']));
    await eventually(async () => {
      const rows = await app
        .get(Database)
        .query(`SELECT FROM snapshots WHERE id = ANY ($1) AND status = 'ready'`, [ids]);
      return rows.length === ids.length;
    });
    const events = await world.sql(
      `SELECT FROM outbox WHERE event = 'ground-truth.snapshot.created.v1' AND key = ANY ($1)`,
      [ids],
    );
    expect(events).toHaveLength(ids.length);
  });

  it('that cannot be built are tried again, and given up with a reason in the end', async () => {
    const { dataset } = await approved(1);
    await world.sql(`CREATE FUNCTION break_down() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'disk full'; END $$`);
    await world.sql(
      'CREATE TRIGGER broken BEFORE INSERT ON snapshot_items FOR EACH STATEMENT EXECUTE FUNCTION break_down()',
    );
    let id = '';
    try {
      id = String((await ask({ datasets: [dataset] })).body['id']);
      const builder = world.services[0]!.app.get(SnapshotBuilder, { strict: false });
      await eventually(async () => {
        await world.sql(
          `UPDATE snapshots SET next_attempt_at = now() WHERE id = $1 AND status = 'building'`,
          [id],
        );
        await builder.buildNext().catch(() => undefined);
        return (
          (await world.sql(`SELECT FROM snapshots WHERE id = $1 AND status = 'failed'`, [id])).length === 1
        );
      });
    } finally {
      await world.sql('DROP FUNCTION break_down CASCADE');
    }

    const { body } = await world.call(`${PATH}/${id}`, { as: curator('archivist') });
    expect(body).toMatchObject({ status: 'failed', count: null, failure: expect.any(String) as string });
    expect(await items(id)).toMatchObject({
      status: 409,
      body: { code: 'conflict', snapshotStatus: 'failed' },
    });
  });

  it.each([
    ['an unknown dataset', { datasets: ['nowhere'] }, 'datasets[0]'],
    ['a member that there is not', { dataset: 'x' }, 'dataset'],
    [
      'too many names',
      { datasets: Array.from({ length: 101 }, (_, index) => `d${String(index)}`) },
      'datasets',
    ],
    ['a note of nothing', { note: ' ' }, 'note'],
  ])('are not made of %s', async (_, body, field) => {
    expect(await ask(body)).toMatchObject({
      status: 400,
      body: { details: [expect.objectContaining({ field })] },
    });
  });

  it('that there are not are not found', async () => {
    for (const id of ['0197d0a4-3f5c-7abc-8def-0123456789ab', 'x', '..%2f', '%00']) {
      for (const path of [`${PATH}/${id}`, `${PATH}/${id}/items`, `${PATH}/${id}/diff?to=x`]) {
        expect((await world.call(path, { as: curator('archivist') })).status).toBe(404);
      }
    }
    const odd = ['?cursor=x', '?limit=0', '?limit=201', '?status=done'];
    for (const query of odd)
      expect((await world.call(PATH + query, { as: curator('archivist') })).status).toBe(400);
  });

  it('are for curators', async () => {
    expect((await ask({}, { as: reviewer('r') })).status).toBe(403);
    expect((await world.call(PATH, { as: reviewer('r') })).status).toBe(403);
    expect((await world.call(PATH, { as: null })).status).toBe(401);
  });
});
