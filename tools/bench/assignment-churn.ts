import type { Client } from 'pg';
import type { Rig } from '../chaos/rig.ts';
import { fill, withAssignment, timed, type AssignmentWorld } from './assignment-world.ts';
import type { Measurement } from './measure.ts';

const CLIENTS = 16;
const ITEMS = 100_000;
/** 30 minutes at a thirtieth of their length; autovacuum's pause is shortened as much. */
const MS = 60_000;
const AUTOVACUUM_PAUSE = '2s';
const SLICES = 6;
const MAX_RND = 2_147_483_647;

const CLAIM = `SELECT json_agg(json_build_object('item_pk', item_pk, 'version', version))::text AS items
  FROM claim_items(ARRAY[$1::integer], ARRAY[10], ARRAY[$2], ARRAY[$2], array_fill(1, ARRAY[10]), NULL, $3)`;
/* Half goes back as it was, some is edited first, the rest is skipped: everything ends in the pool again. */
const CHANGE = `SELECT count(*) FROM change_items($1, $2, $2, $3::jsonb, $4::item_status, $5, NULL, 'churn', NULL, false, NULL)`;
const EDIT = `SELECT json_agg(json_build_object('item_pk', item_pk, 'version', version))::text AS items
  FROM change_items('edited', $1, $1, $2::jsonb, NULL, false, NULL, NULL, NULL, false, NULL)`;

interface Garbage {
  readonly table: string;
  readonly dead: number;
  readonly live: number;
  readonly updated: number;
  readonly hot: number;
  readonly bytes: number;
}

async function garbageOf(sql: Client): Promise<Map<string, Garbage>> {
  await sql.query('SELECT pg_stat_clear_snapshot()');
  const { rows } = await sql.query<Garbage>(
    `SELECT relname AS table, n_dead_tup::float8 AS dead, n_live_tup::float8 AS live, n_tup_upd::float8 AS updated,
       n_tup_hot_upd::float8 AS hot, pg_total_relation_size(relid)::float8 AS bytes
     FROM pg_stat_user_tables WHERE schemaname = 'assignment'`,
  );
  return new Map(rows.map((row) => [row.table, row]));
}

/** One reviewer's turn: ten items are claimed and given back. */
async function turn(client: Client, dataset: number, number: number): Promise<void> {
  const user = `churn-${String(number % 200)}`;
  const values = [dataset, user, Math.floor(Math.random() * MAX_RND)];
  const { rows } = await client.query<{ items: string }>({ name: 'claim', text: CLAIM, values });
  let items = rows[0]?.items;
  if (number % 3 === 0) {
    const edited = await client.query<{ items: string }>({ name: 'edit', text: EDIT, values: [user, items] });
    items = edited.rows[0]?.items;
  }
  const skips = number % 5 === 0;
  await client.query({
    name: 'change',
    text: CHANGE,
    values: [skips ? 'skipped' : 'released', user, items, skips ? 'skipped' : null, !skips],
  });
}

async function churn(world: AssignmentWorld, dataset: number): Promise<number[]> {
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => world.connect()));
  const rates: number[] = [];
  for (let slice = 0; slice < SLICES; slice++) {
    const { perSecond } = await timed(CLIENTS, { ms: MS / SLICES }, async (client, number) => {
      const connection = clients[client];
      if (connection) await turn(connection, dataset, number);
    });
    rates.push(perSecond);
  }
  return rates;
}

/** Items claimed and given back over and over: whether it becomes slower, and what is left lying about. */
export function measureAssignmentChurn(rig: Rig): Promise<Measurement[]> {
  return withAssignment(rig, 1, (world) => measure(world));
}

async function measure(world: AssignmentWorld): Promise<Measurement[]> {
  await world.sql.query(`ALTER SYSTEM SET autovacuum_naptime = '${AUTOVACUUM_PAUSE}'`);
  await world.sql.query('SELECT pg_reload_conf()');
  const [dataset = 0] = await fill(world, [`churn-${String(process.pid)}`], 0, ITEMS);
  const before = await garbageOf(world.sql);
  const rates = await churn(world, dataset);
  const after = await garbageOf(world.sql);
  await world.sql.query('ALTER SYSTEM RESET autovacuum_naptime');
  await world.sql.query('SELECT pg_reload_conf()');
  return rowsOf(rates, before, after);
}

function rowsOf(
  rates: readonly number[],
  before: ReadonlyMap<string, Garbage>,
  after: ReadonlyMap<string, Garbage>,
): Measurement[] {
  const states = after.get('item_states');
  const earlier = before.get('item_states');
  const counts = after.get('item_counts');
  const changes = rates.reduce((sum, rate) => sum + rate * (MS / SLICES / 1000), 0) * 20;
  // The first slice warms caches: the second is what the last is held against.
  return [
    {
      what: 'churn: turns of ten items, 16 clients, slice by slice',
      values: rates,
      unit: 'turns/s',
      note: `${String(Math.round(changes / 1000))},000 changes of items`,
    },
    {
      what: '  last slice / second',
      values: [(rates.at(-1) ?? NaN) / (rates[1] ?? NaN)],
      unit: '×',
      bound: { atLeast: 0.8 },
    },
    {
      what: '  dead rows of item_states for each live one',
      values: [(states?.dead ?? NaN) / (states?.live ?? NaN)],
      unit: '',
      bound: { atMost: 0.5 },
    },
    {
      what: '  item_states with its indexes: growth',
      values: [(states?.bytes ?? NaN) / (earlier?.bytes ?? NaN)],
      unit: '×',
      bound: { atMost: 3 },
    },
    {
      what: '  updates of item_states within their page (HOT)',
      values: [
        ((states?.hot ?? NaN) - (earlier?.hot ?? 0)) / ((states?.updated ?? NaN) - (earlier?.updated ?? 0)),
      ],
      unit: '',
      note: 'edits; a new holder is a new index entry',
    },
    {
      what: '  updates of item_counts within their page (HOT)',
      values: [(counts?.hot ?? NaN) / (counts?.updated ?? NaN)],
      unit: '',
    },
    {
      what: '  dead rows of item_counts',
      values: [counts?.dead ?? NaN],
      unit: 'rows',
      bound: { atMost: 20_000 },
    },
  ];
}
