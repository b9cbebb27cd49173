import { runProcess } from '@hornbook/testing';
import { fileURLToPath } from 'node:url';
import type { KilledServiceOptions } from './support/killed-service.js';
import { World } from './support/world.js';

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const points = ['between handler and commit', 'between commit and settling'] as const;
const cases = (['rabbitmq', 'postgres'] as const).flatMap((kind) => points.map((at) => ({ kind, at })));

describe('kill -9 of a service', () => {
  // All at once, as each mostly waits for a process to start or a heartbeat to be missed.
  test.concurrent.each(cases)(
    '$at, over $kind: every effect happens once',
    async ({ kind, at }) => {
      // pg-boss hands a dead worker's messages on after its heartbeat, 10 s.
      const world = await World.open(kind, { timeoutMs: 25_000 });
      try {
        const alpha = await world.service({ consumers: {}, relay: false });
        const options: KilledServiceOptions = {
          databaseUrl: world.testDatabase.urlFor('alpha'),
          namespace: world.namespace,
          transport: world.transport,
          at,
        };
        const child = await runProcess({
          args: [
            '--import',
            path('../../../tools/test/typescript.mjs'),
            path('./support/killed-service.ts'),
            JSON.stringify(options),
          ],
          env: { NODE_OPTIONS: '' },
          ready: { log: /started/ },
        });
        for (let n = 0; n < 30; n++) await alpha.count(`key ${String(n % 3)}`, n);
        // Its own relay has the lease; its poll finds what we wrote.
        await child.exited;
        expect((await alpha.ledger()).length).toBeLessThan(30);
        const successor = await world.service({ consumers: { 'count-numbers': {} } });
        await world.until('an empty outbox', async () => (await successor.store.backlog()).depth === 0);
        await world.effects(successor, 30);
        const numbers = (await successor.ledger()).map(({ n }) => n).sort((a, b) => a - b);
        expect(numbers).toEqual(Array.from({ length: 30 }, (_, n) => n));
      } finally {
        await world.close();
      }
    },
    40_000,
  );
});
