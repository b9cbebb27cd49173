import { setTimeout as sleep } from 'node:timers/promises';
import type { Rig } from '../chaos/rig.ts';
import { copyCards } from './card-copy.ts';
import { importBody, ndjsonStream, publishedOf } from './card-rows.ts';
import { CardWorld, type CardOwner } from './card-world.ts';
import { percentile, type Measurement } from './measure.ts';

const SMALL = 10_000;
const MIDDLE = 100_000;
const LARGE = 1_000_000;
const ROUNDS = 3;
/** Cards of the other owner, who comes while the large file is being imported. */
const OTHERS_CARDS = 100;
const OTHERS_PAUSE_MS = 3_000;
/** Rows whose cost is compared at both ends of the large import. */
const END_ROWS = 100_000;

const STREAM = '/bulk/import/stream?format=ndjson';
const holdings = (cards: number): { cards: number; published: number } => ({
  cards,
  published: publishedOf(cards),
});

interface Imported {
  readonly seconds: number;
  readonly peak: number;
  readonly gatewayPeak: number;
}

/** A file through the gateway, made while it is sent; from its first byte to SUCCESS. */
async function importFile(world: CardWorld, run: string, rows: number): Promise<Imported> {
  const owner = await world.owner(run);
  await world.quiet();
  await Promise.all([world.resetPeak('card-bulk'), world.resetPeak('gateway')]);
  const { seconds } = await owner.run(STREAM, ndjsonStream(run, rows), 'application/x-ndjson');
  const peak = await world.peakMemory('card-bulk');
  const gatewayPeak = await world.peakMemory('gateway');
  await world.expectExactly(run, holdings(rows));
  return { seconds, peak, gatewayPeak };
}

/** Rows per second of an import at its begin and at its end, from looks at its progress. */
class Pace {
  private readonly looks: { readonly at: number; readonly rows: number }[] = [];

  note(rows: number): void {
    this.looks.push({ at: performance.now(), rows });
  }

  /** Seconds per row between two counts, as near as there were looks. */
  cost(from: number, to: number): number {
    const first = this.looks.findLast(({ rows }) => rows <= from) ?? this.looks[0];
    const last = this.looks.find(({ rows }) => rows >= to) ?? this.looks.at(-1);
    if (!first || !last) return NaN;
    return (last.at - first.at) / 1_000 / (last.rows - first.rows);
  }
}

/** Somebody else's 100 cards, again and again until `isOver`. @returns seconds of each */
async function meanwhile(owner: CardOwner, isOver: () => boolean): Promise<number[]> {
  const times: number[] = [];
  while (!isOver()) {
    const body = importBody(`${owner.name}-${String(times.length)}`, OTHERS_CARDS);
    times.push((await owner.run('/bulk/import', body)).seconds);
    await sleep(OTHERS_PAUSE_MS);
  }
  return times;
}

interface Large extends Imported {
  readonly firstCost: number;
  readonly lastCost: number;
  readonly others: readonly number[];
  readonly upload: number;
}

/** 1,000,000 rows, looked at while it goes on, with another owner's small imports beside it. */
async function importLarge(world: CardWorld): Promise<Large> {
  const run = `file-${String(Date.now())}`;
  const owner = await world.owner(run);
  const other = await world.owner(`${run}-other`);
  await world.quiet();
  await Promise.all([world.resetPeak('card-bulk'), world.resetPeak('gateway')]);
  const started = performance.now();
  const { task, seconds: upload } = await owner.start(
    STREAM,
    ndjsonStream(run, LARGE),
    'application/x-ndjson',
  );
  let isOver = false;
  const others = meanwhile(other, () => isOver);
  const pace = new Pace();
  const watch = (async () => {
    while (!isOver) {
      pace.note((await owner.look(task)).progress.current);
      await sleep(500);
    }
  })();
  await owner.finished(task).finally(() => (isOver = true));
  const seconds = (performance.now() - started) / 1_000;
  const [times] = await Promise.all([others, watch]);
  const peak = await world.peakMemory('card-bulk');
  const gatewayPeak = await world.peakMemory('gateway');
  await world.expectExactly(run, holdings(LARGE));
  await world.expectExactly(other.name, {
    cards: times.length * OTHERS_CARDS,
    published: times.length * publishedOf(OTHERS_CARDS),
  });
  return {
    seconds,
    peak,
    gatewayPeak,
    firstCost: pace.cost(0, END_ROWS),
    lastCost: pace.cost(LARGE - END_ROWS, LARGE),
    others: times,
    upload,
  };
}

/** Files of 10,000, 100,000 and 1,000,000 rows of NDJSON beside COPY of the same rows, and another owner's wait meanwhile. */
export async function measureCardFiles(rig: Rig): Promise<Measurement[]> {
  const world = await CardWorld.open(rig);
  const small: Imported[] = [];
  const middle: Imported[] = [];
  const copies: number[] = [];
  const alone: number[] = [];
  const calm = await world.owner(`calm-${String(Date.now())}`);
  await importFile(world, `warm-${String(Date.now())}`, SMALL);
  for (let round = 0; round < ROUNDS; round++) {
    small.push(await importFile(world, `small-${String(Date.now())}`, SMALL));
    const run = `middle-${String(Date.now())}`;
    middle.push(await importFile(world, run, MIDDLE));
    copies.push(await copyCards(world.client, `${run}-copy`, run, MIDDLE));
    await world.expectExactly(`${run}-copy`, holdings(MIDDLE));
    await world.quiet();
    const body = importBody(`${calm.name}-${String(round)}`, OTHERS_CARDS);
    alone.push((await calm.run('/bulk/import', body)).seconds);
  }
  const large = await importLarge(world);
  const name = `copy-${String(Date.now())}`;
  const largeCopy = await copyCards(world.client, name, name, LARGE);
  await world.expectExactly(name, holdings(LARGE));
  await world.close();
  return describe({ small, middle, copies, alone, large, largeCopy });
}

interface Results {
  readonly small: readonly Imported[];
  readonly middle: readonly Imported[];
  readonly copies: readonly number[];
  readonly alone: readonly number[];
  readonly large: Large;
  readonly largeCopy: number;
}

function describe({ small, middle, copies, alone, large, largeCopy }: Results): Measurement[] {
  const smallCost = percentile(
    small.map(({ seconds }) => seconds / SMALL),
    50,
  );
  const growth = large.seconds / LARGE / smallCost;
  return [
    {
      what: 'stream import, 100,000 rows of NDJSON (98 MB)',
      values: middle.map(({ seconds }) => MIDDLE / seconds),
      unit: 'rows/s',
      bound: { atLeast: 12_000 },
      note: 'through the gateway, unpacked, from the first byte to SUCCESS; exact',
    },
    {
      what: '  COPY of the same rows, ledger and balance',
      values: copies.map((seconds) => MIDDLE / seconds),
      unit: 'rows/s',
      note: 'same table, same indexes, 10,000 to a transaction',
    },
    peakOf(
      '  memory of card-bulk, peak',
      middle.map(({ peak }) => peak),
      300,
    ),
    {
      what: 'stream import, 1,000,000 rows of NDJSON (0.98 GB)',
      values: [LARGE / large.seconds],
      unit: 'rows/s',
      bound: { atLeast: 12_000 },
      note: `of ${large.seconds.toFixed(1)} s the upload took ${large.upload.toFixed(1)} s`,
    },
    { what: '  COPY of the same rows, ledger and balance', values: [LARGE / largeCopy], unit: 'rows/s' },
    peakOf('  memory of card-bulk, peak', [large.peak], 300),
    { what: '  memory of the gateway, peak', values: [large.gatewayPeak], unit: 'MB' },
    {
      what: '  cost of a row, 1,000,000 / 10,000 rows',
      values: [growth],
      unit: '',
      bound: { atMost: 1.5 },
      note: `10,000 rows: ${(smallCost * 1e6).toFixed(0)} µs a row`,
    },
    {
      what: '  cost of a row, last 100,000 / first 100,000 of the 1,000,000',
      values: [large.lastCost / large.firstCost],
      unit: '',
      bound: { atMost: 1.5 },
      note: 'uploading left out; the table grows from the earlier parts of this run',
    },
    {
      what: "another owner's 100 cards during the 1,000,000 rows, p50",
      values: [percentile(large.others, 50)],
      unit: 's',
      note: `of ${String(large.others.length)}; the longest ${Math.max(...large.others).toFixed(2)} s`,
    },
    { what: '  with nothing beside them', values: alone, unit: 's' },
  ];
}

/** A row of the report about the most resident memory. */
function peakOf(what: string, values: readonly number[], megabytes: number): Measurement {
  return { what, values, unit: 'MB', bound: { atMost: megabytes }, note: 'VmHWM of the process' };
}
