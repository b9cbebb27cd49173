import { chaos } from './support/run-chaos.ts';

describe('cards on their way into the database', () => {
  it('are there exactly once each, rewarded once each, whatever is killed at whatever moment', async () => {
    const { code, output } = await chaos('cards', '--runs', '5', '--seed', '11');
    expect(output.match(/cards, ledger and balance exact {2}/g) ?? output).toHaveLength(5);
    expect(code).toBe(0);
  }, 600_000);
});
