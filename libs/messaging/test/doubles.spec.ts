import { contract } from './support/contract.js';
import { doubles } from './support/doubles.js';
import { World } from './support/world.js';

test.each(doubles)('the contract refuses $what', async ({ breaks, because, parts }) => {
  const world = await World.open('rabbitmq', { parts, timeoutMs: 2_500 });
  try {
    await expect(contract[breaks](world)).rejects.toThrow(because);
  } finally {
    await world.close();
  }
});
