import { pino } from 'pino';
import { Shutdown, shutdownPhases, type ShutdownPhase } from './shutdown.js';

/** A shutdown and what it wrote. */
function shutdown(): { readonly shutdown: Shutdown; readonly log: Record<string, unknown>[] } {
  const log: Record<string, unknown>[] = [];
  const logger = pino({}, { write: (line) => log.push(JSON.parse(line) as Record<string, unknown>) });
  return { shutdown: new Shutdown(logger), log };
}

describe('a shutdown', () => {
  test('takes the phases in the order that loses nothing, whatever the order of registration', async () => {
    const { shutdown: ending } = shutdown();
    const seen: ShutdownPhase[] = [];
    for (const phase of shutdownPhases.toReversed()) {
      ending.on(phase, () => {
        seen.push(phase);
        return Promise.resolve();
      });
    }
    await ending.run();
    expect(seen).toEqual([
      'stop taking work',
      'finish what is in hand',
      'stop the relay',
      'close the broker',
      'close the pool',
    ]);
  });

  test('begins a phase only when the one before is done, all of its steps', async () => {
    const { shutdown: ending } = shutdown();
    const [one, two] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    let relayStopped = false;
    ending.on('finish what is in hand', () => one.promise);
    ending.on('finish what is in hand', () => two.promise);
    ending.on('stop the relay', () => {
      relayStopped = true;
      return Promise.resolve();
    });
    const done = ending.run();
    two.resolve(undefined);
    await new Promise(setImmediate);
    expect(relayStopped).toBe(false);
    one.resolve(undefined);
    await done;
    expect(relayStopped).toBe(true);
  });

  test.each([
    ['rejects', () => Promise.reject(new Error('broker away'))],
    [
      'throws',
      () => {
        throw new Error('broker away');
      },
    ],
  ])('goes on after a step that %s, and says which phase it was', async (_, step) => {
    const { shutdown: ending, log } = shutdown();
    const seen: string[] = [];
    ending.on('close the broker', step);
    for (const [phase, name] of [
      ['close the broker', 'beside'],
      ['close the pool', 'after'],
    ] as const) {
      ending.on(phase, async () => {
        seen.push(name);
      });
    }
    await ending.run();
    expect(seen).toEqual(['beside', 'after']);
    expect(log).toEqual([
      expect.objectContaining({
        msg: 'shutdown step failed',
        phase: 'close the broker',
        err: expect.objectContaining({ message: 'broker away' }) as unknown,
      }),
    ]);
  });

  test('happens once, however often it is asked for', async () => {
    const { shutdown: ending } = shutdown();
    let runs = 0;
    ending.on('close the pool', async () => {
      runs++;
    });
    expect(ending.begun).toBe(false);
    const first = ending.run();
    expect(ending.begun).toBe(true);
    expect(ending.run()).toBe(first);
    await first;
    await ending.run();
    expect(runs).toBe(1);
  });
});
