import type { Accent, BulkImportRequest, CategoryName, DifficultyLevel } from '@hornbook/contracts';

/** Seed 000, section 4.1: CEFR level → difficulty on the platform. */
export const difficultyOfCefr = {
  A1: 'beginner',
  A2: 'beginner',
  B1: 'intermediate',
  B2: 'intermediate',
  C1: 'advanced',
  C2: 'advanced',
} as const satisfies Record<string, DifficultyLevel>;
/** A CEFR level. */
export type CefrLevel = keyof typeof difficultyOfCefr;

/**
 * Seed 000, section 4.2: category of the automation → category of the platform. The table decides: the seed's own
 * code (`title().replace("_", "")`) makes `News` and `IeltsPart1` of it, which the platform refuses.
 */
export const categoryOfWord = {
  professional: 'Professional',
  travel: 'Travel',
  restaurant: 'Restaurant',
  general: 'General',
  news: 'General',
  technology: 'Technology',
  health: 'Health',
  education: 'Education',
  entertainment: 'Entertainment',
  ielts_part1: 'IELTS_Part1',
  ielts_part2: 'IELTS_Part2',
  ielts_part3: 'IELTS_Part3',
} as const satisfies Record<string, CategoryName>;
/** A category in the automation's words. */
export type CategoryWord = keyof typeof categoryOfWord;

/** Seed 000, section 4.3: accent as a source writes it → accent of the platform. */
export const accentOfWord = {
  american: 'american',
  us: 'american',
  british: 'british',
  uk: 'british',
  australian: 'australian',
  au: 'australian',
  south_african: 'south_african',
  za: 'south_african',
  irish: 'irish',
  scottish: 'scottish',
} as const satisfies Record<string, Accent>;
/** An accent in the automation's words. */
export type AccentWord = keyof typeof accentOfWord;

/** One turn of a generated dialogue. */
export interface Turn {
  readonly text: string;
  readonly order: number;
  readonly speaker?: 'A' | 'B' | null | undefined;
}

/** A generated dialogue in the automation's words. */
export interface GeneratedDialogue {
  readonly title: string;
  readonly category: CategoryWord;
  readonly cefr_level: CefrLevel;
  readonly accent?: AccentWord | null | undefined;
  readonly turns: readonly Turn[];
}

/** A dialogue as the platform takes it. */
export type BulkDialogue = BulkImportRequest['dialogues'][number];

function readable(category: CategoryWord): string {
  const ielts = /^ielts_part(\d)$/.exec(category);
  if (ielts) return `IELTS Part ${ielts[1] ?? ''}`;
  return category.charAt(0).toUpperCase() + category.slice(1);
}

/** `CEFR B1 - Restaurant conversation`, `CEFR C1 - IELTS Part 3 conversation`. */
export function describeDialogue(level: CefrLevel, category: CategoryWord): string {
  return `CEFR ${level} - ${readable(category)} conversation`;
}

/** A generated dialogue in the platform's words. Members that the dialogue lacks are left out, never null. */
export function toBulkDialogue({
  title,
  category,
  cefr_level,
  accent,
  turns,
}: GeneratedDialogue): BulkDialogue {
  const difficulty = difficultyOfCefr[cefr_level];
  return {
    title,
    category_name: categoryOfWord[category],
    difficulty_level: difficulty,
    description: describeDialogue(cefr_level, category),
    ...(accent ? { accent: accentOfWord[accent] } : {}),
    phrases: turns.map(({ text, order, speaker }) => ({
      reference_text: text,
      order,
      difficulty,
      ...(speaker ? { speaker } : {}),
    })),
  };
}
