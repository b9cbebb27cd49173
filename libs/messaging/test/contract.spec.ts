import { contract } from './support/contract.js';
import { World } from './support/world.js';

describe.each(['rabbitmq', 'postgres'] as const)('messaging over %s', (kind) => {
  test.each(Object.entries(contract))('%s', async (_, run) => {
    const world = await World.open(kind);
    try {
      await run(world);
    } finally {
      await world.close();
    }
  });
});
