import { useCaseFlow } from './support/use-case-flow.js';
import { startWorld } from './support/world.js';

/** `tools/test/ground-truths-through-the-gateway.spec.ts` runs the same through a gateway. */
describe('the use-case flow of seed 003', () => {
  useCaseFlow(() => startWorld());
});
