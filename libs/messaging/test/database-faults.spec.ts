import { startPostgres, temporaryFolder } from '@hornbook/testing';
import { World } from './support/world.js';

test('a database that is away costs no message its attempts: nothing is parked, every effect happens once', async () => {
  const folder = await temporaryFolder();
  const postgres = await startPostgres({ dataDir: folder.path });
  const world = await World.open('rabbitmq', { adminUrl: postgres.adminUrl, timeoutMs: 40_000 });
  try {
    // No retries at all: any failure that counted would park.
    const options = { retryDelaysMs: [], immediateRetries: 0 };
    const alpha = await world.service();
    const beta = await world.service({
      name: 'beta',
      options,
      consumers: { 'count-numbers': { prefetch: 5 } },
    });
    const numbers = Array.from({ length: 400 }, (_, n) => n);
    await Promise.all(numbers.map((n) => alpha.count(`key ${String(n % 4)}`, n)));
    await world.until('some effects', async () => (await beta.ledger()).length > 20);
    await postgres.kill('SIGKILL');
    await postgres.restart();
    await world.effects(beta, numbers.length);
    expect((await beta.ledger()).map(({ n }) => n).sort((a, b) => a - b)).toEqual(numbers);
    expect(await beta.deadLetters.count()).toBe(0);
  } finally {
    await world.close();
    await postgres.stop();
    await folder.remove();
  }
}, 90_000);
