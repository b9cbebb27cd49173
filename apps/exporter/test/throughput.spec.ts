import { dialogues } from './support/dialogues.js';
import { World } from './support/world.js';

const DIALOGUES = 2_000;
/** Dialogues per second on two cores, the platform, the database and this test included. */
const BOUND = 400;

describe('throughput', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open({});
  });
  afterAll(() => world.close());

  it(`brings ${String(DIALOGUES)} ready dialogues to confirmed at ${String(BOUND)} a second or more`, async () => {
    await world.sql(`UPDATE export_settings SET paused = true, pause_reason = 'until all are ready'`);
    const ids = await world.submit(dialogues(DIALOGUES, 6));
    expect(await world.sql('SELECT FROM export_batches')).toEqual([]);
    const startedAt = performance.now();
    await world.call('/resume', { method: 'POST' });
    await world.exportNow();
    await world.settled(ids, 'confirmed', 30_000);
    const rate = DIALOGUES / ((performance.now() - startedAt) / 1000);
    process.stderr.write(`${rate.toFixed(0)} dialogues/s\n`);
    expect(world.platform.titles).toHaveLength(DIALOGUES);
    expect(rate).toBeGreaterThan(BOUND);
  }, 60_000);
});
