import * as fc from 'fast-check';
import { expectInvariants } from './support/invariants.js';
import { makeItems, pathOf, startWorld, unique, type Row, type World } from './support/world.js';

/** What happens next, to whom; `pick` chooses among what they hold. */
type Step = readonly [kind: (typeof kinds)[number], user: number, pick: number];

const kinds = [
  'claim',
  'claim',
  'claim',
  'edit',
  'tag',
  'approve',
  'skip',
  'delete',
  'release',
  'expire',
  'force',
  'reopen',
  'transfer',
  'stale',
] as const;
const users = ['ann', 'ben', 'cid'] as const;

describe('whatever happens in whatever order, some of it at once', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ replicas: 2, env: { LEASE_SWEEP_MS: '50' } });
  });
  afterAll(() => world.stop());

  const act = async (dataset: string, [kind, user, pick]: Step): Promise<number> => {
    const name = users[user % users.length] ?? 'ann';
    const replica = pick % 2;
    const held = (await world.my(name)).filter((row) => row.dataset === dataset);
    const row = held[pick % Math.max(1, held.length)];
    const put = (body: object, etag = row?.etag ?? '') =>
      row ? world.put(name, row, body, { headers: { 'If-Match': etag }, replica }) : { status: 0 };
    const all = async () => (await world.call(`/v1/ground-truths?dataset=${dataset}`)).body.items as Row[];
    switch (kind) {
      case 'claim':
        return (await world.selfServe(name, 1 + (pick % 3), { datasets: [dataset] }, { replica })).status;
      case 'edit':
        return (await put({ comment: `note ${String(pick)}` })).status;
      case 'tag':
        return (await put({ manualTags: [`topic:t${String(pick % 3)}`] })).status;
      case 'approve':
        return (await put({ approve: true })).status;
      case 'skip':
        return (await put({ status: 'skipped', reason: 'no' })).status;
      case 'delete':
        return (await put({ status: 'deleted' })).status;
      case 'stale':
        return (await put({ comment: 'never' }, '"999"')).status;
      case 'release':
        return row ? (await world.call(`${pathOf(row)}/assign`, { method: 'DELETE', as: name })).status : 0;
      case 'expire':
        await world.sql(
          `UPDATE item_states SET lease_expires_at = now() - interval '1 s' WHERE assigned_to = $1`,
          [name],
        );
        return 0;
      case 'force': {
        const items = await all();
        const one = items[pick % items.length]!;
        return (
          await world.call(`${pathOf(one)}/assign`, { body: { force: true }, as: { sub: name, owner: name } })
        ).status;
      }
      case 'reopen': {
        const items = await all();
        const one = items[pick % items.length]!;
        const call = { method: 'PUT', body: { status: 'draft' }, headers: { 'If-Match': one.etag } };
        return (await world.call(pathOf(one, 'ground-truths'), call)).status;
      }
      case 'transfer':
        return (
          await world.call('/v1/assignments/transfer', {
            body: { from: name, to: users[(user + 1) % users.length] },
          })
        ).status;
    }
  };

  it('an item has one holder at most, each write is a version, and counters equal a scan', async () => {
    const step = fc.tuple(fc.constantFrom(...kinds), fc.nat(2), fc.nat(20));
    // Each inner list happens at once.
    const run = fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 3, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(run, async (waves) => {
        const dataset = unique('run');
        await world.call(`/v1/datasets/${dataset}`, { method: 'PUT', body: { leaseMinutes: 5 } });
        await world.importItems(makeItems(dataset, 6, { manualTags: ['topic:t0'] }));
        for (const wave of waves) {
          const answers = await Promise.all(wave.map((each) => act(dataset, each as Step)));
          // Refusals are part of the game; failures are not.
          expect(answers.filter((status) => status >= 500)).toEqual([]);
        }
        await expectInvariants(world);
      }),
      { numRuns: 25 },
    );
  }, 120_000);
});
