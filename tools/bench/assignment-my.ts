import type { Rig } from '../chaos/rig.ts';
import { call, fill, withAssignment, type AssignmentWorld, serve, timed } from './assignment-world.ts';
import type { Measurement } from './measure.ts';

const DRAFTS = 100;
const CALLS = 500;
const ROUNDS = 3;
/** The least that the list has to be read with. */
const BARE = `
  SELECT d.name, i.id, i.bucket, s.status, s.version, s.assigned_at
  FROM item_states AS s JOIN items AS i ON i.pk = s.item_pk JOIN datasets AS d ON d.id = s.dataset_id
  WHERE s.assigned_to = $1 ORDER BY s.assigned_at, s.item_pk`;

/** `/v1/assignments/my` of somebody with 100 drafts, through the gateway, one call after the other, beside a bare SELECT. */
export function measureMyAssignments(rig: Rig): Promise<Measurement[]> {
  return withAssignment(rig, 1, (world) => measure(world));
}

async function measure(world: AssignmentWorld): Promise<Measurement[]> {
  const dataset = `my-${String(process.pid)}`;
  await fill(world, [dataset], 0, 20_000);
  const user = `my-${String(process.pid)}`;
  await serve(world, user, DRAFTS, [dataset]);
  const read = async (): Promise<void> => {
    const { items } = await call<{ items: unknown[] }>(
      world.door,
      { 'x-user-id': user },
      'GET',
      '/v1/assignments/my',
    );
    if (items.length !== DRAFTS) throw new Error(`${String(items.length)} drafts of ${String(DRAFTS)}`);
  };
  await timed(1, { calls: CALLS }, read);
  const list: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    list.push((await timed(1, { calls: CALLS }, read)).p95);
    const rows = async (): Promise<void> => {
      await world.sql.query({ name: 'mine', text: BARE, values: [user] });
    };
    bare.push((await timed(1, { calls: CALLS }, rows)).p95);
  }
  return [
    {
      what: '/v1/assignments/my with 100 drafts: p95',
      values: list,
      unit: 'ms',
      bound: { atMost: 30 },
      note: 'through the gateway',
    },
    { what: '  bare SELECT of the same rows: p95', values: bare, unit: 'ms' },
  ];
}
