import { HistoryRetention } from '../src/batches/history-retention.js';
import { dialogue, dialogues } from './support/dialogues.js';
import { refuse } from './support/platform.js';
import { Reviewers } from './support/reviews.js';
import { World } from './support/world.js';

describe('history past its time', () => {
  let world: World;
  let reviewers: Reviewers;
  beforeAll(async () => {
    world = await World.open({ EXPORT_HISTORY_DAYS: '30' });
    await world.start({ EXPORT_HISTORY_DAYS: '30' });
    reviewers = new Reviewers(world);
  });
  beforeEach(async () => {
    await world.reset();
    reviewers.reset();
  });
  afterAll(() => world.close());

  /** Makes all that there is so many days older. */
  const age = async (days: number): Promise<void> => {
    for (const [table, ...columns] of [
      ['export_history', 'at'],
      ['sync_status', 'updated_at'],
      ['export_batches', 'settled_at'],
      ['export_failures', 'created_at', 'resolved_at'],
    ] as const) {
      const moved = columns.map((column) => `${column} = ${column} - $1 * interval '1 day'`).join(', ');
      await world.sql(`UPDATE ${table} SET ${moved}`, [days]);
    }
  };
  /** Both exporters purge at once. */
  const purge = async (): Promise<{ history: number; failures: number }> => {
    const done = await Promise.all(world.services.map(({ app }) => app.get(HistoryRetention).purge()));
    return {
      history: done.reduce((sum, { history }) => sum + history, 0),
      failures: done.reduce((sum, { failures }) => sum + failures, 0),
    };
  };

  it('of what was confirmed goes, each entry once; the dialogue and its ids stay', async () => {
    const ids = await world.export(dialogues(60));
    await world.settled(ids, 'confirmed');
    await age(29);
    expect(await purge()).toEqual({ history: 0, failures: 0 });
    await age(2);
    const [before] = await world.sql<{ count: number }>('SELECT count(*)::integer FROM export_history');
    expect(await purge()).toEqual({ history: before!.count, failures: 0 });
    expect(await world.dialogue(ids[0]!)).toMatchObject({
      status: 'confirmed',
      pronielts_dialog_id: expect.any(Number),
      history: [],
    });
  });

  it('of what waits for a review, for the platform or for a person stays, however old it is', async () => {
    const waiting = await reviewers.submit();
    const [ready] = await world.submit([dialogue()], { owner: 'other' });
    world.platform.next(refuse(500), refuse(500), refuse(500), refuse(500));
    const [failed] = await world.submit([dialogue()], { owner: 'ada' });
    await world.exportNow({ owner: 'ada', roles: ['service'] });
    await world.settled([failed!], 'failed');
    const histories = async (): Promise<string[][]> =>
      Promise.all([waiting, ready!, failed!].map((id) => reviewers.events(id)));
    const before = await histories();
    await age(4_000);
    expect(await purge()).toEqual({ history: 0, failures: 0 });
    expect(await histories()).toEqual(before);
    expect(before.every(({ length }) => length > 0)).toBe(true);
  });

  it('takes closed failures with it, and leaves open ones', async () => {
    world.platform.reply = refuse(500);
    const [closed] = await world.export([dialogue()]);
    await world.settled([closed!], 'failed');
    await world.call(`/failures/${String((await reviewers.openFailure()).id)}/resolve`, { method: 'POST' });
    const [open] = await world.export([dialogue()]);
    await world.settled([open!], 'failed');
    await age(31);
    const { history, failures } = await purge();
    expect([history > 0, failures]).toEqual([true, 1]);
    expect(await world.failures()).toMatchObject([{ dialogue_ids: [open], resolution: null }]);
    expect((await world.dialogue(closed!)).history).toEqual([]);
    expect((await world.dialogue(open!)).history).not.toEqual([]);
  });
});
