import { chaos } from './support/run-chaos.ts';

describe('2,000 dialogues on their way through the whole platform', () => {
  it('arrive exactly once each although every part is killed in the middle, and with two of everything at work', async () => {
    const { code, output } = await chaos();
    expect(output.match(/0 lost, 0 doubled of 2000/g) ?? output).toHaveLength(6);
    expect(code).toBe(0);
  }, 600_000);
});
