import * as fc from 'fast-check';
import type { Card } from '../src/cards/card.schema.js';
import { isFaulty, validateCard } from '../src/cards/card-validator.js';
import { cards } from './support/cards.js';
import { exportCards, linesOf } from './support/exports.js';
import { anyRow } from './support/rows.js';
import { importFile, ndjson } from './support/uploads.js';
import { startWorld, type World } from './support/world.js';

/** Rows of all kinds that an import accepts, without what ties them to other cards. */
function acceptedRows(count: number, seed: number): Card[] {
  const rows = fc.sample(
    anyRow.filter((row) => !isFaulty(validateCard(row))),
    { numRuns: count, seed },
  );
  return rows as Card[];
}

const lastSeed = Date.now() % 1_000_000;

describe('cards that are exported', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterEach(() => world.expectExactLedger());
  afterAll(() => world.stop());

  it.each(['ndjson', 'csv'] as const)(
    'and imported under another name are the same bytes when they are exported again: %s',
    async (format) => {
      const [from, to] = [`from-${format}`, `to-${format}`];
      const rows = [...acceptedRows(400, 11), ...cards(1_200), ...cards(5, { privacy_level: 'PRIVATE' })];
      const sent = rows.map(({ id: _, ...row }) => row as Record<string, unknown>);
      const stored = await importFile(world, 'ndjson', ndjson(sent), { as: from });
      expect(stored.body['result']).toMatchObject({ cards_imported: 1_605, cards_failed: 0 });

      const first = await exportCards(world, { format }, { as: from });
      const ndjsonFirst = await exportCards(world, { format: 'ndjson' }, { as: from });
      // The ids must be free, or the copies would get new ones.
      const ids = linesOf(ndjsonFirst.file).map(({ id }) => id);
      const deleted = await world.post('/bulk/delete', { card_ids: ids, soft_delete: false }, { as: from });
      await world.finished(deleted.body['task_id'], { as: from });
      const read = await importFile(world, format, first.file.bytes, { as: to });
      const second = await exportCards(world, { format }, { as: to });
      const ndjsonSecond = await exportCards(world, { format: 'ndjson' }, { as: to });

      expect(read.body['result']).toMatchObject({ cards_imported: 1_605, cards_failed: 0, errors: [] });
      expect(second.file.text).toBe(first.file.text);
      expect(ndjsonSecond.file.text).toBe(ndjsonFirst.file.text);
    },
  );

  it('as CSV hold no formula that a spreadsheet would run', async () => {
    const as = 'formulas';
    const formulas = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '＝1'];
    await world.import(
      formulas.map((title) => ({ title, body: title, tags: [title.trim()] })),
      {},
      { as },
    );

    const { file } = await exportCards(world, { format: 'csv' }, { as });

    for (const line of file.text.split('\r\n').slice(1)) {
      for (const cell of line.split(',')) expect(cell).not.toMatch(/^"?[=+\-@\t＝]/);
    }
  });

  it(`are what was sent, whatever was accepted (seed ${lastSeed})`, async () => {
    const as = 'fuzz';
    const rows = acceptedRows(500, lastSeed);

    const { body } = await importFile(world, 'ndjson', ndjson(rows), { as });

    expect(body).toMatchObject({ status: 'SUCCESS' });
    expect(body['result']).toMatchObject({ cards_imported: rows.length, cards_failed: 0, errors: [] });
    const { file } = await exportCards(world, { format: 'ndjson' }, { as });
    const titles = linesOf(file).map(({ title, body: text }) => JSON.stringify([title, text]));
    expect(titles.sort()).toEqual(rows.map(({ title, body: text }) => JSON.stringify([title, text])).sort());
  });
});
