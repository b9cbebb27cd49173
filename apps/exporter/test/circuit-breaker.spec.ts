import { eventually } from '@hornbook/testing';
import { dialogues } from './support/dialogues.js';
import { faithful, refuse, reset } from './support/platform.js';
import { World } from './support/world.js';

describe('a platform that cannot be reached', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open({
      EXPORT_CIRCUIT_FAILURES: '2',
      EXPORT_CIRCUIT_OPEN_MS: '400',
      EXPORT_CONCURRENCY: '2',
      EXPORT_RETRY_DELAYS_MS: '10,10,10',
    });
  });
  afterEach(() => world.close());

  const circuit = async (): Promise<unknown> => (await world.call('/status')).body['circuit'];

  it('is left alone after some failures in a row; batches stay, lose no attempt, and leave when it is back', async () => {
    world.platform.reply = reset;
    const ids = await world.export(dialogues(500));
    await eventually(async () => (await circuit()) === 'open');
    const seen = world.platform.received.length;
    expect(seen).toBeLessThanOrEqual(3);
    // Three probes, each of which finds it still away: more than the retries that a batch has.
    await eventually(() => world.platform.received.length >= seen + 4, { timeoutMs: 60_000 });
    expect(await world.failures()).toEqual([]);
    const attempts = (await world.batches()).reduce((sum, batch) => sum + batch.attempts, 0);
    expect(attempts).toBeLessThanOrEqual(3);
    // Nor is anything taken only to be given back.
    const [taken] = await world.sql<{ count: number }>(
      `SELECT count(*)::integer FROM export_history WHERE event = 'sending'`,
    );
    expect(taken!.count).toBeLessThanOrEqual(world.platform.received.length + 2);

    world.platform.reply = faithful;
    await world.settled(ids, 'confirmed');
    expect(await circuit()).toBe('closed');
    expect(world.platform.titles).toHaveLength(500);
  });

  it('one that answers is not away, whatever it answers', async () => {
    world.platform.reply = refuse(503);
    const ids = await world.export(dialogues(200));
    await world.settled(ids, 'failed');
    expect(await circuit()).toBe('closed');
    expect(world.platform.received).toHaveLength(16);
  });

  it('says so in the metrics', async () => {
    world.platform.reply = reset;
    await world.export(dialogues(500));
    const metrics = async (): Promise<string> => (await fetch(`${world.services[0]!.url}/metrics`)).text();
    await eventually(async () => /^export_circuit_open(\{[^}]*\})? 1$/m.test(await metrics()));
  });
});
