import { FairQueue } from './fair-queue.js';

interface Item {
  readonly owner: string;
  readonly id: string;
  lastTurn: number;
}
const item = (owner: string, id = owner): Item => ({ owner, id, lastTurn: 0 });

/** Gives `turns` turns of a length that depends on the owner; answers who had them. */
function serve(
  queue: FairQueue,
  items: Item[],
  turns: number,
  ms: (owner: string) => number = () => 1,
): string[] {
  const served: string[] = [];
  for (let turn = 1; turn <= turns; turn++) {
    const next = queue.pick(items);
    if (!next) break;
    next.lastTurn = turn;
    queue.begin(next.owner);
    queue.end(next.owner, ms(next.owner));
    served.push(next.id);
  }
  return served;
}
const count = (served: string[], id: string): number => served.filter((one) => one === id).length;

describe('whose turn it is', () => {
  test('nobody without candidates', () => {
    expect(new FairQueue().pick([])).toBeUndefined();
  });

  test('each owner in turn, whatever the number of tasks', () => {
    const items = [item('a', 'a1'), item('a', 'a2'), item('a', 'a3'), item('b', 'b1')];
    const served = serve(new FairQueue(), items, 12);
    expect(count(served, 'b1')).toBe(6);
    expect([count(served, 'a1'), count(served, 'a2'), count(served, 'a3')]).toEqual([2, 2, 2]);
  });

  test('by time and not by number: long chunks come less often', () => {
    const served = serve(new FairQueue(), [item('long'), item('short')], 110, (owner) =>
      owner === 'long' ? 10 : 1,
    );
    expect(count(served, 'long')).toBeGreaterThanOrEqual(10);
    expect(count(served, 'long')).toBeLessThanOrEqual(11);
  });

  test('whoever comes late is next, but has no claim to the time before', () => {
    const queue = new FairQueue();
    const old = item('old');
    serve(queue, [old], 100);
    const served = serve(queue, [old, item('new')], 20);
    expect(served[0]).toBe('new');
    expect(count(served, 'new')).toBe(10);
  });

  test('an owner with a chunk running comes after one with none', () => {
    const queue = new FairQueue();
    const [a, b] = [item('a'), item('b')];
    serve(queue, [a, b], 2, (owner) => (owner === 'b' ? 1_000 : 1));
    expect(queue.pick([a, b])).toBe(a);
    queue.begin('a');
    expect(queue.pick([a, b])).toBe(b);
  });
});
