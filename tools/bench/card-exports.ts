import type { Rig } from '../chaos/rig.ts';
import { copyCards, copyOut } from './card-copy.ts';
import { publishedOf } from './card-rows.ts';
import { CardWorld, type CardOwner } from './card-world.ts';
import type { Measurement } from './measure.ts';

const CARDS = 100_000;
const ROUNDS = 3;
const formats = ['ndjson', 'csv'] as const;
type Format = (typeof formats)[number];

/** Counts the records of a file as it comes: the lines of NDJSON; none of a bench card's cells has a line break. */
async function countLines(owner: CardOwner, path: string): Promise<number> {
  const text = await (await owner.send('GET', path)).text();
  let lines = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}

interface Exported {
  readonly seconds: number;
  readonly download: number;
  readonly copied: number;
  readonly peak: number;
}

async function exportOnce(world: CardWorld, owner: CardOwner, format: Format): Promise<Exported> {
  await world.quiet();
  await world.resetPeak('card-bulk');
  const { state, seconds } = await owner.run('/bulk/export', JSON.stringify({ format }));
  const file = `/bulk/tasks/${state.task_id}/file`;
  const began = performance.now();
  const bytes = await (await owner.send('GET', file)).drain();
  const download = (performance.now() - began) / 1_000;
  const peak = await world.peakMemory('card-bulk');
  const lines = await countLines(owner, file);
  const wanted = CARDS + (format === 'csv' ? 1 : 0);
  if (
    state.result?.['cards_exported'] !== CARDS ||
    lines !== wanted ||
    bytes !== state.result['file_size_bytes']
  )
    throw new Error(
      `${format}: ${String(lines)} lines of ${String(bytes)} bytes, result ${JSON.stringify(state.result)}`,
    );
  return { seconds, download, copied: await copyOut(world.client, owner.name, format), peak };
}

/** 100,000 cards as NDJSON and as CSV, beside COPY TO of the same members of the same cards, in turns. */
export async function measureCardExports(rig: Rig): Promise<Measurement[]> {
  const world = await CardWorld.open(rig);
  const name = `export-${String(Date.now())}`;
  await copyCards(world.client, name, name, CARDS);
  await world.expectExactly(name, { cards: CARDS, published: publishedOf(CARDS) });
  await world.client.query('VACUUM ANALYZE card_bulk.cards');
  const owner = await world.owner(name);
  const found: Record<Format, Exported[]> = { ndjson: [], csv: [] };
  for (let round = -1; round < ROUNDS; round++) {
    for (const format of formats) {
      const exported = await exportOnce(world, owner, format);
      // The first round warms up both.
      if (round >= 0) found[format].push(exported);
    }
  }
  await world.close();
  return formats.flatMap((format): Measurement[] => {
    const rate = (of: (exported: Exported) => number): number[] =>
      found[format].map((exported) => CARDS / of(exported));
    return [
      {
        what: `bulk export, 100,000 cards as ${format.toUpperCase()}, to SUCCESS`,
        values: rate(({ seconds }) => seconds),
        unit: 'cards/s',
        bound: { atLeast: 50_000 },
        note: 'asked for through the gateway; written to the file store',
      },
      {
        what: '  and fetched, through the gateway',
        values: rate(({ seconds, download }) => seconds + download),
        unit: 'cards/s',
      },
      {
        what: '  COPY TO of the same cards, ordered alike',
        values: rate(({ copied }) => copied),
        unit: 'cards/s',
      },
      {
        what: '  memory of card-bulk, peak',
        values: found[format].map(({ peak }) => peak),
        unit: 'MB',
        bound: { atMost: 250 },
        note: 'VmHWM of the process, the download included',
      },
    ];
  });
}
