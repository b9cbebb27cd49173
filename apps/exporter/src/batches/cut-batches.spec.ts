import { cutBatches, type ReadyDialogue } from './cut-batches.js';

function ready(owner: string, count: number): ReadyDialogue[] {
  return Array.from({ length: count }, (_, index) => ({ owner, dialogueId: `${owner}${String(index)}` }));
}

const sizes = (cuts: ReturnType<typeof cutBatches>): [string, number][] =>
  cuts.map(({ owner, dialogueIds }) => [owner, dialogueIds.length]);

describe('cutting what is ready into batches', () => {
  it('never puts more than 50 dialogues into one', () => {
    expect(sizes(cutBatches(ready('a', 120), true))).toEqual([
      ['a', 50],
      ['a', 50],
      ['a', 20],
    ]);
  });

  it('leaves a rest behind unless everything has to leave', () => {
    expect(sizes(cutBatches(ready('a', 120), false))).toEqual([
      ['a', 50],
      ['a', 50],
    ]);
    expect(cutBatches(ready('a', 49), false)).toEqual([]);
    expect(sizes(cutBatches(ready('a', 49), true))).toEqual([['a', 49]]);
  });

  it('never mixes owners', () => {
    const mixed = [...ready('a', 30), ...ready('b', 60)].sort((x, y) =>
      x.dialogueId < y.dialogueId ? -1 : 1,
    );
    expect(sizes(cutBatches(mixed, true)).sort()).toEqual([
      ['a', 30],
      ['b', 10],
      ['b', 50],
    ]);
    expect(sizes(cutBatches(mixed, false))).toEqual([['b', 50]]);
  });

  it('does not let many owners with few dialogues each wait for ever', () => {
    expect(sizes(cutBatches([...ready('a', 30), ...ready('b', 30)], false))).toEqual([
      ['a', 30],
      ['b', 30],
    ]);
  });

  it('keeps the order in which dialogues came', () => {
    const [first] = cutBatches(ready('a', 60), true);
    expect(first?.dialogueIds.slice(0, 3)).toEqual(['a0', 'a1', 'a2']);
  });
});
