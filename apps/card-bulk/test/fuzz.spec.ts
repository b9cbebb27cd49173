import * as fc from 'fast-check';
import { isFaulty, validateCard } from '../src/cards/card-validator.js';
import { anyRow } from './support/rows.js';
import { startWorld, type World } from './support/world.js';

/** Rows of one import; few imports of many rows find as much as many of few, and sooner. */
const ROWS = 200;

describe('any rows', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ env: { BULK_REQUESTS_PER_HOUR: '1000000' } });
  });
  afterEach(() => world.expectExactLedger());
  afterAll(() => world.stop());

  it('that validation accepts, the database accepts, and every row is counted once', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(anyRow, { minLength: ROWS, maxLength: ROWS }), async (drawn) => {
        // As the service reads them; the reader of JSON bodies refuses those that would change an object's prototype.
        const rows = drawn
          .map((row) => JSON.stringify(row ?? null))
          .map((row) => JSON.parse(/"(?:__proto__|constructor)"/.test(row) ? '{}' : row) as unknown);
        const owner = `fuzz-${++run}`;
        const good = rows.filter((row) => !isFaulty(validateCard(row))).length;

        const { body } = await world.import(rows, {}, { as: owner });

        const [stored] = await world.sql('SELECT count(*)::integer AS n FROM cards WHERE owner = $1', [
          owner,
        ]);
        expect(body).toMatchObject({
          status: 'SUCCESS',
          progress: { current: ROWS },
          result: { cards_imported: good, cards_failed: ROWS - good },
        });
        expect(stored?.['n']).toBe(good);
        const refused = await world.sql(`SELECT "row" FROM task_errors WHERE code = 'refused'`);
        expect(refused).toEqual([]);
      }),
      { numRuns: 25, endOnFailure: true },
    );
  });
});
