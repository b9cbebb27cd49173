import { gunzipSync } from 'node:zlib';
import { card, cards } from './support/cards.js';
import { exportCards, linesOf } from './support/exports.js';
import { startWorld, type World } from './support/world.js';

describe('the bulk export of seed 002', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  it('is taken on with the five members of the seed', async () => {
    const { status, body, headers } = await world.post('/bulk/export', {
      card_ids: null,
      privacy_levels: ['BUSINESS', 'IDEAS'],
      categories: null,
      published_only: false,
      format: 'json',
      include_metadata: true,
    });

    expect(status).toBe(202);
    expect(body).toEqual({
      task_id: expect.any(String),
      status: 'PENDING',
      message: 'Bulk export initiated in json format',
      estimated_duration_seconds: expect.any(Number),
      check_status_url: `/bulk/status/${body['task_id']}`,
    });
    expect(headers.get('location')).toBe(body['check_status_url']);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    await world.finished(body['task_id']);
  });

  it.each(['xml', '', 'JSON'])('refuses the format %j in the words of the seed', async (format) => {
    const { status, body } = await world.post('/bulk/export', { format });

    expect(status).toBe(400);
    expect(body['detail']).toBe('Invalid format. Must be one of: json, markdown, csv');
  });

  it('gives a small result in the status, as the client of the seed expects it', async () => {
    const as = 'inline';
    await world.import([card({ title: 'First' }), card({ title: 'Second' })], {}, { as });

    const { status, file } = await exportCards(world, { format: 'json' }, { as });

    expect(status).toMatchObject({ status: 'SUCCESS', outcome: 'complete' });
    expect(status['result']).toMatchObject({
      cards_exported: 2,
      export_format: 'json',
      export_data: file.text,
      file_size_bytes: file.bytes.length,
      duration_seconds: expect.any(Number),
    });
    const exported = JSON.parse(file.text) as unknown[];
    expect(exported).toMatchObject([{ title: 'First' }, { title: 'Second' }]);
  });

  it.each([
    ['json', 'application/json', /^\[\n\{"id":/],
    ['ndjson', 'application/x-ndjson', /^\{"id":/],
    ['csv', 'text/csv', /^id,title,body,category,/],
    ['markdown', 'text/markdown', /^# The one\n/],
  ])('writes %s', async (format, type, start) => {
    const as = `format-${format}`;
    await world.import([card({ title: 'The one' })], {}, { as });

    const { file } = await exportCards(world, { format }, { as });

    expect(file.status).toBe(200);
    expect(file.headers.get('content-type')).toContain(type);
    expect(file.headers.get('content-disposition')).toMatch(
      /^attachment; filename="cards-[0-9a-f-]{36}\.\w+"$/,
    );
    expect(file.text).toMatch(start);
  });

  it('packs the file on request, and does not give packed bytes as text', async () => {
    const as = 'packed';
    await world.import(cards(3), {}, { as });

    const { status, file } = await exportCards(world, { format: 'ndjson', gzip: true }, { as });

    expect(file.headers.get('content-type')).toBe('application/gzip');
    expect(file.headers.get('content-encoding')).toBeNull();
    expect(file.headers.get('content-disposition')).toContain('.ndjson.gz"');
    expect(status['result']).not.toHaveProperty('export_data');
    expect(linesOf({ text: gunzipSync(file.bytes).toString() })).toHaveLength(3);
  });

  describe('with a choice of cards', () => {
    const as = 'choice';
    const titles = async (request: Record<string, unknown>): Promise<unknown[]> => {
      const { file } = await exportCards(world, { format: 'ndjson', ...request }, { as });
      return linesOf(file).map(({ title }) => title);
    };
    beforeAll(async () => {
      const sent = [
        card({ title: 'a', privacy_level: 'BUSINESS', category: 'GRIT', tags: ['x', 'y'] }),
        card({ title: 'b', privacy_level: 'IDEAS', category: 'JUNK', tags: ['y'] }),
        card({ title: 'c', privacy_level: 'PRIVATE', category: 'GRIT', tags: [] }),
      ];
      await world.import(sent, { publish_ideas: false }, { as });
      await world.import([card({ title: 'somebody else' })], {}, { as: 'another' });
    });

    it.each([
      [{}, ['a', 'b', 'c']],
      [{ privacy_levels: ['BUSINESS', 'IDEAS'] }, ['a', 'b']],
      [{ categories: ['GRIT'] }, ['a', 'c']],
      [{ categories: ['GRIT'], privacy_levels: ['PRIVATE'] }, ['c']],
      [{ published_only: true }, ['a']],
      [{ tags: ['y'] }, ['a', 'b']],
    ])('%j exports %j', async (request, expected) => {
      expect(await titles(request)).toEqual(expected);
    });

    it('exports only cards of the caller, whatever ids are named', async () => {
      const own = await world.call('/cards', { as });
      const foreign = await world.call('/cards', { as: 'another' });
      const found = [own, foreign].map(({ body }) => body['items'] as { id: string }[]);
      const ids = found.flatMap((items) => items.slice(0, 1).map(({ id }) => id));

      expect(await titles({ card_ids: ids })).toEqual(['c']);
    });

    it('leaves soft-deleted cards out', async () => {
      const owner = 'deleting';
      await world.import([card({ title: 'kept' }), card({ title: 'dropped' })], {}, { as: owner });
      const { body } = await world.call('/cards', { as: owner });
      const dropped = (body['items'] as { id: string; title: string }[]).find(
        ({ title }) => title === 'dropped',
      );
      await world.call(`/cards/${String(dropped?.id)}`, {
        method: 'DELETE',
        headers: { 'if-match': '*' },
        as: owner,
      });

      const { file } = await exportCards(world, { format: 'ndjson' }, { as: owner });

      expect(linesOf(file).map(({ title }) => title)).toEqual(['kept']);
    });

    it('leaves metadata out when told to', async () => {
      const { file } = await exportCards(world, { format: 'ndjson', include_metadata: false }, { as });

      expect(linesOf(file)[0]).not.toHaveProperty('metadata');
    });
  });

  it('shows the cards as they were at one moment, however they change while it is written', async () => {
    const as = 'snapshot';
    await world.import(cards(6_000, { title: 'version 0' }), {}, { as });
    let isOver = false;
    const changing = (async () => {
      for (let version = 1; !isOver; version++) {
        await world.sql('UPDATE cards SET title = $1 WHERE owner = $2', [`version ${version}`, as]);
      }
    })();

    const { file, status } = await exportCards(world, { format: 'ndjson' }, { as });
    isOver = true;
    await changing;

    const seen = linesOf(file).map(({ title }) => title);
    expect(status['result']).toMatchObject({ cards_exported: 6_000 });
    expect(seen).toHaveLength(6_000);
    expect(new Set(seen).size).toBe(1);
  });

  it('is one task for one Idempotency-Key, and refuses the key with another request', async () => {
    const headers = { 'idempotency-key': 'export-once' };
    const first = await world.post('/bulk/export', { format: 'csv' }, { headers });
    const again = await world.post('/bulk/export', { format: 'csv' }, { headers });
    const other = await world.post('/bulk/export', { format: 'json' }, { headers });

    expect(again.body['task_id']).toBe(first.body['task_id']);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(other.status).toBe(422);
    await world.finished(first.body['task_id']);
  });
});
