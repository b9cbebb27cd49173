import type { Rig } from '../chaos/rig.ts';
import { copyBatch, writeCopyBatch } from './card-copy.ts';
import { importBody, publishedOf } from './card-rows.ts';
import { CardWorld } from './card-world.ts';
import type { Measurement } from './measure.ts';

const CARDS = 10_000;
const ROUNDS = 5;

/** 10,000 cards in one request through the gateway, to SUCCESS, beside COPY of the same rows, in turns. */
export async function measureCardJson(rig: Rig): Promise<Measurement[]> {
  const world = await CardWorld.open(rig);
  const holdings = { cards: CARDS, published: publishedOf(CARDS) };
  const seconds: number[] = [];
  const accepted: number[] = [];
  const copied: number[] = [];
  let megabytes = 0;
  for (let round = -1; round < ROUNDS; round++) {
    const run = `json-${String(Date.now())}`;
    const owner = await world.owner(run);
    const body = importBody(run, CARDS);
    megabytes = body.length / 1e6;
    await world.quiet();
    const ours = await owner.run('/bulk/import', body);
    await world.expectExactly(run, holdings);
    const batch = copyBatch(`${run}-copy`, run, { first: 0, count: CARDS, balance: 0 });
    await world.quiet();
    const started = performance.now();
    await writeCopyBatch(world.client, `${run}-copy`, batch);
    const copySeconds = (performance.now() - started) / 1_000;
    await world.expectExactly(`${run}-copy`, holdings);
    // The first round warms up both.
    if (round < 0) continue;
    seconds.push(ours.seconds);
    accepted.push(ours.accepted);
    copied.push(copySeconds);
  }
  await world.close();
  const ratio = copied.map((copySeconds, round) => copySeconds / (seconds[round] ?? NaN));
  return [
    {
      what: `bulk import, 10,000 cards of JSON (${megabytes.toFixed(1)} MB) to SUCCESS`,
      values: seconds,
      unit: 's',
      bound: { atMost: 1.2 },
      note: 'through the gateway; 5,000 published and rewarded; counts, ledger and balance exact',
    },
    { what: '  until the 202', values: accepted, unit: 's', bound: { atMost: 0.5 } },
    {
      what: '  COPY of the same rows, ledger and balance',
      values: copied,
      unit: 's',
      note: 'same table, same indexes, one transaction',
    },
    { what: '  rate / rate of COPY', values: ratio, unit: '', bound: { atLeast: 0.3 } },
  ];
}
