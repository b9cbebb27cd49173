import { bulkDialogueSchema, categoryNames } from '@hornbook/contracts';
import {
  accentOfWord,
  categoryOfWord,
  describeDialogue,
  difficultyOfCefr,
  toBulkDialogue,
  type AccentWord,
  type CategoryWord,
  type CefrLevel,
} from './mapping.js';

const turns = [
  { text: 'Good evening, a table for two.', order: 1, speaker: 'A' as const },
  { text: 'Certainly, this way please.', order: 2 },
];

describe('mapping to the platform', () => {
  it.each([
    ['A1', 'beginner'],
    ['A2', 'beginner'],
    ['B1', 'intermediate'],
    ['B2', 'intermediate'],
    ['C1', 'advanced'],
    ['C2', 'advanced'],
  ] as const)('CEFR %s is %s', (level, difficulty) => {
    expect(difficultyOfCefr[level]).toBe(difficulty);
  });

  it.each([
    ['news', 'General'],
    ['general', 'General'],
    ['professional', 'Professional'],
    ['ielts_part1', 'IELTS_Part1'],
    ['ielts_part2', 'IELTS_Part2'],
    ['ielts_part3', 'IELTS_Part3'],
  ] as const)('category %s is %s, by the table and not by title case', (word, name) => {
    expect(categoryOfWord[word]).toBe(name);
  });

  it('every category of the platform can be reached', () => {
    expect(new Set(Object.values(categoryOfWord))).toEqual(new Set(categoryNames));
  });

  it.each([
    ['us', 'american'],
    ['uk', 'british'],
    ['au', 'australian'],
    ['za', 'south_african'],
    ['scottish', 'scottish'],
  ] as const)('accent %s is %s', (word, accent) => {
    expect(accentOfWord[word]).toBe(accent);
  });

  it('describes IELTS parts readably', () => {
    expect(describeDialogue('B1', 'restaurant')).toBe('CEFR B1 - Restaurant conversation');
    expect(describeDialogue('C1', 'ielts_part3')).toBe('CEFR C1 - IELTS Part 3 conversation');
    expect(describeDialogue('A2', 'news')).toBe('CEFR A2 - News conversation');
  });

  it('leaves out what a dialogue does not have', () => {
    expect(
      toBulkDialogue({ title: 'A table for two', category: 'news', cefr_level: 'B2', accent: null, turns }),
    ).toEqual({
      title: 'A table for two',
      category_name: 'General',
      difficulty_level: 'intermediate',
      description: 'CEFR B2 - News conversation',
      phrases: [
        {
          reference_text: 'Good evening, a table for two.',
          order: 1,
          difficulty: 'intermediate',
          speaker: 'A',
        },
        { reference_text: 'Certainly, this way please.', order: 2, difficulty: 'intermediate' },
      ],
    });
  });

  it('makes what the platform accepts, for every level, category and accent', () => {
    for (const cefr_level of Object.keys(difficultyOfCefr) as CefrLevel[]) {
      for (const category of Object.keys(categoryOfWord) as CategoryWord[]) {
        for (const accent of Object.keys(accentOfWord) as AccentWord[]) {
          const dialogue = toBulkDialogue({ title: 'A table for two', category, cefr_level, accent, turns });
          expect(bulkDialogueSchema.safeParse(dialogue).success).toBe(true);
        }
      }
    }
  });
});
