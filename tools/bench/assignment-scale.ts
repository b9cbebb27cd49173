import { Together } from '@hornbook/database';
import type { Client } from 'pg';
import type { Rig } from '../chaos/rig.ts';
import { fill, withAssignment, serve, timed, type AssignmentWorld, type Times } from './assignment-world.ts';
import type { Measurement } from './measure.ts';

const DOOR_CLIENTS = 32;
const DATABASE_CLIENTS = 64;
const SIZES = [10_000, 100_000, 1_000_000] as const;
/** Calls of one round: all rounds together take less than the smallest pool holds. */
const CALLS = 120;
const ROUNDS = 5;
/** Claims of one round in the database; all rounds together take less than half of what there is. */
const CLAIMS_A_ROUND = 4_000;
/** The same where all are for one dataset. */
const CLAIMS_OF_ONE = 2_000;
const MAX_RND = 2_147_483_647;

const CLAIM =
  'SELECT count(*) FROM claim_items(ARRAY[$1::integer], ARRAY[10], ARRAY[$2], ARRAY[$2], array_fill(1, ARRAY[10]), NULL, $3)';
const CLAIMS =
  'SELECT * FROM claim_items($1::integer[], $2::integer[], $3::text[], $3::text[], $4::integer[], NULL, $5)';
/** Calls of the service that run at once, and most items of one. */
const CALLS_AT_ONCE = 2;
const MOST_ITEMS = 1_000;
/** What no claim can do without: ten free rows, locked and updated. No history, no counters, no skips, no priorities. */
const BARE = `
  WITH picked AS MATERIALIZED (
    SELECT item_pk FROM item_states
    WHERE dataset_id = $1 AND assigned_to IS NULL AND status IN ('draft', 'skipped') AND priority = 0 AND rnd >= $3
    ORDER BY rnd LIMIT 10 FOR UPDATE SKIP LOCKED
  )
  UPDATE item_states AS s SET assigned_to = $2, assigned_at = now(), version = version + 1, updated_at = now()
  FROM picked WHERE s.item_pk = picked.item_pk`;

interface AtSize {
  readonly size: number;
  readonly rounds: readonly Times[];
  /** Pages of the database that one claim touches. */
  readonly pages: number;
}

interface InDatabase {
  /** Claims of the same moment in one statement, as the service sends them. */
  readonly together: Times[];
  /** The same, all clients on one dataset. */
  readonly one: Times[];
  /** Each claim by itself, on a connection of its own. */
  readonly alone: Times[];
  readonly bare: Times[];
}

interface Claim {
  readonly user: string;
  readonly dataset: number;
}

async function doorRounds(
  world: AssignmentWorld,
  size: number,
  datasets: readonly string[],
): Promise<Times[]> {
  const rounds: Times[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    rounds.push(
      await timed(DOOR_CLIENTS, { calls: CALLS }, async (client, number) => {
        // One dataset a call: what is measured is the claim and not the sum over all counters.
        const dataset = datasets[number % datasets.length] ?? '';
        // A client is a reviewer, who comes back for more; others at each size, or they would hold more at the larger ones.
        const reviewer = `reviewer-${String(size)}-${String(client)}`;
        const { assignedCount } = await serve(world, reviewer, 10, [dataset]);
        if (assignedCount !== 10)
          throw new Error(`${String(assignedCount)} of 10 from ${String(size)} items`);
      }),
    );
  }
  // The first one warms caches and plans.
  return rounds.slice(1);
}

function databaseRound(
  clients: readonly Client[],
  statement: string,
  ids: readonly number[],
): Promise<Times> {
  return timed(clients.length, { calls: CLAIMS_A_ROUND }, async (client, number) => {
    await clients[client]?.query({
      name: statement === BARE ? 'bare' : 'claim',
      text: statement,
      values: [
        ids[number % ids.length],
        `database-${String(client)}-${String(number % 1000)}`,
        Math.floor(Math.random() * MAX_RND),
      ],
    });
  });
}

/** Claims of so many clients, gathered as the service gathers them: over the few connections that it uses for them. */
async function togetherRound(
  clients: readonly Client[],
  ids: readonly number[],
  calls: number,
): Promise<Times> {
  const free = clients.slice(0, CALLS_AT_ONCE);
  const together = new Together<Claim, number>(
    async (claims) => {
      const client = free.pop();
      if (!client) throw new Error('more calls than connections');
      const sorted = claims.toSorted((one, other) => one.dataset - other.dataset);
      const datasets = [...new Set(sorted.map(({ dataset }) => dataset))];
      const { rows } = await client.query({
        name: 'claims',
        text: CLAIMS,
        values: [
          datasets,
          datasets.map((id) => 10 * sorted.filter(({ dataset }) => dataset === id).length),
          sorted.map(({ user }) => user),
          sorted.flatMap((_, index) => new Array<number>(10).fill(index + 1)),
          Math.floor(Math.random() * MAX_RND),
        ],
      });
      free.push(client);
      if (rows.length !== 10 * claims.length)
        throw new Error(`${String(rows.length)} items for ${String(claims.length)} claims of 10`);
      return claims.map(() => ({ answer: 10 }));
    },
    { calls: CALLS_AT_ONCE, most: MOST_ITEMS, weightOf: () => 10 },
  );
  return timed(clients.length, { calls }, async (client, number) => {
    await together.ask({
      user: `database-${String(client)}-${String(number % 1000)}`,
      dataset: ids[number % ids.length] ?? 0,
    });
  });
}

/** Pages of the database that one claim touches: the same at any size, when it reads along its indexes. */
async function pagesOfClaim({ sql }: AssignmentWorld, id: number): Promise<number> {
  const pages: number[] = [];
  for (let turn = 0; turn < 10; turn++) {
    const { rows } = await sql.query<{ 'QUERY PLAN': [{ Plan: Record<string, number> }] }>(
      `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${CLAIM.replace('$1', String(id))
        .replaceAll('$2', "'pages'")
        .replace('$3', String(Math.floor(Math.random() * MAX_RND)))}`,
    );
    const plan = rows[0]?.['QUERY PLAN'][0].Plan;
    pages.push((plan?.['Shared Hit Blocks'] ?? NaN) + (plan?.['Shared Read Blocks'] ?? NaN));
  }
  // The first ones make the plans.
  return pages.slice(5).reduce((sum, count) => sum + count, 0) / 5;
}

/** Claims of 10 while the table grows to a million items: through the gateway at each size, in the database at the end. */
export function measureAssignmentScale(rig: Rig): Promise<Measurement[]> {
  return withAssignment(rig, DOOR_CLIENTS, (world) => measure(world));
}

async function measure(world: AssignmentWorld): Promise<Measurement[]> {
  const datasets = Array.from({ length: 10 }, (_, index) => `scale-${String(index)}`);
  const bySize: AtSize[] = [];
  let ids: number[] = [];
  let before = 0;
  for (const size of SIZES) {
    ids = await fill(world, datasets, before, size);
    before = size;
    // First, while every pool is full: a claim of nothing touches few pages.
    const pages = await pagesOfClaim(world, ids[0] ?? 0);
    bySize.push({ size, rounds: await doorRounds(world, size, datasets), pages });
  }
  const clients = await Promise.all(Array.from({ length: DATABASE_CLIENTS }, () => world.connect()));
  const inDatabase: InDatabase = { together: [], one: [], alone: [], bare: [] };
  await databaseRound(clients, CLAIM, ids);
  for (let round = 0; round < 3; round++) {
    inDatabase.bare.push(await databaseRound(clients, BARE, ids));
    inDatabase.alone.push(await databaseRound(clients, CLAIM, ids));
    inDatabase.together.push(await togetherRound(clients, ids, CLAIMS_A_ROUND));
    inDatabase.one.push(await togetherRound(clients, ids.slice(round, round + 1), CLAIMS_OF_ONE));
  }
  return [...rowsBySize(bySize), ...rowsInDatabase(inDatabase)];
}

function rowsBySize(bySize: readonly AtSize[]): Measurement[] {
  const [small, middle, large] = bySize;
  if (!small || !middle || !large) throw new Error('no sizes');
  const growth = (from: readonly Times[], to: readonly Times[]): number[] =>
    to.map(({ p50 }, round) => p50 / (from[round]?.p50 ?? NaN));
  return [
    ...bySize.map(({ size, rounds }) => ({
      what: `self-serve of 10, 32 clients, ${size.toLocaleString('en-US')} items: p50`,
      values: rounds.map(({ p50 }) => p50),
      unit: 'ms',
    })),
    {
      what: '  growth from 10,000 to 100,000',
      values: growth(small.rounds, middle.rounds),
      unit: '×',
      bound: { atMost: 1.5 },
    },
    {
      what: '  growth from 10,000 to 1,000,000',
      values: growth(small.rounds, large.rounds),
      unit: '×',
      bound: { atMost: 1.5 },
    },
    {
      what: '  through the gateway, 1,000,000 items',
      values: large.rounds.map(({ perSecond }) => perSecond),
      unit: 'calls/s',
      bound: { atLeast: 300 },
    },
    { what: '  p99', values: large.rounds.map(({ p99 }) => p99), unit: 'ms', bound: { atMost: 250 } },
    {
      what: 'pages a claim touches: 1,000,000 items / 10,000',
      values: [large.pages / small.pages],
      unit: '×',
      bound: { atMost: 1.5 },
      note: `${String(Math.round(small.pages))} → ${String(Math.round(large.pages))}`,
    },
  ];
}

function rowsInDatabase(inDatabase: InDatabase): Measurement[] {
  return [
    {
      what: 'claim of 10 of 1,000,000 in the database, 64 clients',
      values: inDatabase.together.map(({ perSecond }) => perSecond),
      unit: 'claims/s',
      bound: { atLeast: 2_000 },
      note: 'those of the same moment in one statement, as the service sends them',
    },
    { what: '  p99', values: inDatabase.together.map(({ p99 }) => p99), unit: 'ms', bound: { atMost: 100 } },
    {
      what: '  all on one dataset',
      values: inDatabase.one.map(({ perSecond }) => perSecond),
      unit: 'claims/s',
      note: `p99 ${String(Math.round(inDatabase.one[1]?.p99 ?? NaN))} ms`,
    },
    {
      what: '  each in a statement and on a connection of its own',
      values: inDatabase.alone.map(({ perSecond }) => perSecond),
      unit: 'claims/s',
      note: `p99 ${String(Math.round(inDatabase.alone[1]?.p99 ?? NaN))} ms`,
    },
    {
      what: '  bare lock and update of 10 rows',
      values: inDatabase.bare.map(({ perSecond }) => perSecond),
      unit: 'claims/s',
      note: `p99 ${String(Math.round(inDatabase.bare[1]?.p99 ?? NaN))} ms; no history, counters, skips`,
    },
  ];
}
