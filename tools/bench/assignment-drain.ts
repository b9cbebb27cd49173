import type { Rig } from '../chaos/rig.ts';
import {
  call,
  fill,
  importItem,
  withAssignment,
  serve,
  timed,
  type AssignmentWorld,
  type Held,
} from './assignment-world.ts';
import type { Measurement } from './measure.ts';

const CLIENTS = 64;
const ITEMS = 100_000;
const LIMIT = 50;
/** Calls after which something is wrong: half as many again as the items need. */
const MOST_CALLS = (ITEMS / LIMIT) * 1.5 + CLIENTS;

interface Page {
  readonly items: readonly Held[];
}

const repeated = (items: readonly Held[]): number =>
  items.length - new Set(items.map(({ dataset, id }) => `${dataset}/${id}`)).size;

/** 64 clients take all there is, through the gateway. */
async function drain(world: AssignmentWorld): Promise<Measurement[]> {
  const dataset = `drain-${String(process.pid)}`;
  await fill(world, [dataset], 0, ITEMS);
  const taken: Held[] = [];
  const started = performance.now();
  const emptyHanded = new Set<number>();
  await timed(CLIENTS, { calls: MOST_CALLS }, async (client) => {
    if (emptyHanded.has(client)) return;
    const { assigned } = await serve(world, `drain-${String(client)}`, LIMIT, [dataset]);
    if (assigned.length === 0) emptyHanded.add(client);
    taken.push(...assigned);
  });
  const seconds = (performance.now() - started) / 1000;
  const { rows } = await world.sql.query<{ left: number; counted: number }>(
    `SELECT (SELECT count(*) FROM item_states s WHERE s.dataset_id = d.id AND assigned_to IS NULL)::int AS left,
       (SELECT coalesce(sum(items), 0) FROM item_counts c WHERE c.dataset_id = d.id AND tag = '' AND state = 'assigned')::int AS counted
     FROM datasets d WHERE d.name = $1`,
    [dataset],
  );
  return [
    {
      what: '64 clients empty a dataset of 100,000: handed out twice',
      values: [repeated(taken)],
      unit: 'items',
      bound: { atMost: 0 },
      note: `${String(Math.round(taken.length / seconds))} items/s`,
    },
    { what: '  left over', values: [rows[0]?.left ?? NaN], unit: 'items', bound: { atMost: 0 } },
    {
      what: '  counted as handed out',
      values: [rows[0]?.counted ?? NaN],
      unit: 'items',
      bound: { atLeast: ITEMS },
    },
  ];
}

/** Seed 003, test_bulk_import_10000_high_volume_assignment_smoke: 10,000 items in one request, three users, 1,000 each. */
async function flow(world: AssignmentWorld): Promise<Measurement[]> {
  const dataset = `flow-${String(process.pid)}`;
  const items = Array.from({ length: 10_000 }, (_, number) => importItem(dataset, number));
  const started = performance.now();
  const { imported } = await call<{ imported: number }>(
    world.door,
    { 'x-user-id': 'flow' },
    'POST',
    '/v1/ground-truths',
    JSON.stringify(items),
  );
  if (imported !== items.length) throw new Error(`${String(imported)} of 10,000 imported`);
  const users = ['alice', 'bob', 'carol'].map((name) => `${name}-${dataset}`);
  const sets: Held[][] = [];
  for (const user of users) {
    await serve(world, user, 1_000, [dataset]);
    const page = await call<Page>(world.door, { 'x-user-id': user }, 'GET', '/v1/assignments/my');
    sets.push([...page.items]);
  }
  const seconds = (performance.now() - started) / 1000;
  return [
    {
      what: 'seed 003, 10,000 items, three users of 1,000: held',
      values: sets.map(({ length }) => length),
      unit: 'items',
      bound: { atLeast: 1_000 },
      note: `${seconds.toFixed(1)} s in all`,
    },
    { what: '  held by two', values: [repeated(sets.flat())], unit: 'items', bound: { atMost: 0 } },
  ];
}

/** Nothing is handed out twice and nothing is left: the seed's large flow, and 64 clients at once. */
export function measureAssignmentDrain(rig: Rig): Promise<Measurement[]> {
  return withAssignment(rig, CLIENTS, (world) => measure(world));
}

async function measure(world: AssignmentWorld): Promise<Measurement[]> {
  const measurements = [...(await flow(world)), ...(await drain(world))];
  return measurements;
}
