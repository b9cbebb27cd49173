import type { Rig } from '../chaos/rig.ts';
import { importBody, publishedOf } from './card-rows.ts';
import { CardWorld } from './card-world.ts';
import type { Measurement } from './measure.ts';

const CARDS = 10_000;
const ROUNDS = 5;

/** What a database administrator would write, given the same ids. */
const RAW = {
  soft: `UPDATE card_bulk.cards SET deleted_at = now(), updated_at = now(), version = version + 1
    WHERE id = ANY ($1::uuid[]) AND owner = $2`,
  hard: 'DELETE FROM card_bulk.cards WHERE id = ANY ($1::uuid[]) AND owner = $2',
} as const;
type Way = keyof typeof RAW;

/** 10,000 cards of a new owner, imported as any are, so that their words are indexed too. @returns their ids */
async function importCards(world: CardWorld, name: string): Promise<string[]> {
  const owner = await world.owner(name);
  await owner.run('/bulk/import', importBody(name, CARDS));
  const { rows } = await world.client.query<{ id: string }>(
    'SELECT id FROM card_bulk.cards WHERE owner = $1 ORDER BY md5(id::text)',
    [name],
  );
  return rows.map(({ id }) => id);
}

/** Seconds of a delete through the gateway, to SUCCESS. */
async function deleteCards(world: CardWorld, name: string, way: Way): Promise<number> {
  const ids = await importCards(world, name);
  const owner = await world.owner(name);
  const body = JSON.stringify({ card_ids: ids, soft_delete: way === 'soft' });
  await world.quiet();
  const { state, seconds } = await owner.run('/bulk/delete', body);
  if (state.result?.['cards_deleted'] !== CARDS) throw new Error(JSON.stringify(state.result));
  // What was earned stays earned.
  await world.expectExactly(name, { cards: 0, published: 0, earned: publishedOf(CARDS) });
  return seconds;
}

async function deleteRaw(world: CardWorld, name: string, way: Way): Promise<number> {
  const ids = await importCards(world, name);
  await world.quiet();
  const started = performance.now();
  const { rowCount } = await world.client.query(RAW[way], [ids, name]);
  const seconds = (performance.now() - started) / 1_000;
  if (rowCount !== CARDS) throw new Error(`${String(rowCount)} rows`);
  return seconds;
}

/** Soft and hard delete of 10,000 cards by their ids, in no order, beside the bare statement, in turns. */
export async function measureCardDeletes(rig: Rig): Promise<Measurement[]> {
  const world = await CardWorld.open(rig);
  const times = {
    soft: [] as number[],
    hard: [] as number[],
    rawSoft: [] as number[],
    rawHard: [] as number[],
  };
  for (let round = -1; round < ROUNDS; round++) {
    const name = (part: string): string => `delete-${part}-${String(Date.now())}`;
    const soft = await deleteCards(world, name('soft'), 'soft');
    const rawSoft = await deleteRaw(world, name('raw-soft'), 'soft');
    const hard = await deleteCards(world, name('hard'), 'hard');
    const rawHard = await deleteRaw(world, name('raw-hard'), 'hard');
    // The first round warms up both.
    if (round < 0) continue;
    times.soft.push(soft);
    times.hard.push(hard);
    times.rawSoft.push(rawSoft);
    times.rawHard.push(rawHard);
  }
  await world.close();
  return [
    {
      what: 'soft delete of 10,000 cards by id, to SUCCESS',
      values: times.soft,
      unit: 's',
      bound: { atMost: 0.6 },
      note: 'through the gateway',
    },
    { what: '  the bare UPDATE', values: times.rawSoft, unit: 's', note: 'one statement' },
    {
      what: 'hard delete of 10,000 cards by id, to SUCCESS',
      values: times.hard,
      unit: 's',
      bound: { atMost: 0.3 },
      note: 'through the gateway',
    },
    { what: '  the bare DELETE', values: times.rawHard, unit: 's', note: 'one statement; words left behind' },
  ];
}
