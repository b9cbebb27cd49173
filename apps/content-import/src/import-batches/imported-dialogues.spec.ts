import { importedDialogues } from './imported-dialogues.js';

const phrases = (count: number): { reference_text: string; order: number }[] =>
  Array.from({ length: count }, (_, index) => ({ reference_text: 'A sentence.', order: index + 1 }));
const dialogues = [
  {
    title: 'First',
    category_name: 'Travel' as const,
    difficulty_level: 'beginner' as const,
    phrases: phrases(2),
  },
  {
    title: 'Second',
    category_name: 'Travel' as const,
    difficulty_level: 'beginner' as const,
    phrases: phrases(3),
  },
];

describe('the ids of a batch', () => {
  it('are dealt out in the order of the payload', () => {
    expect(importedDialogues(dialogues, [7, 9], [1, 2, 30, 40, 50])).toEqual([
      { title: 'First', dialog_id: 7, phrase_ids: [1, 2] },
      { title: 'Second', dialog_id: 9, phrase_ids: [30, 40, 50] },
    ]);
  });

  it.each([
    [[7], [1, 2, 3, 4, 5]],
    [
      [7, 8, 9],
      [1, 2, 3, 4, 5],
    ],
    [
      [7, 9],
      [1, 2, 3, 4],
    ],
    [
      [7, 9],
      [1, 2, 3, 4, 5, 6],
    ],
    [[], []],
  ])('that are not as many as its rows are an error: %j, %j', (dialogIds, phraseIds) => {
    expect(() => importedDialogues(dialogues, dialogIds, phraseIds)).toThrow('were stored');
  });
});
