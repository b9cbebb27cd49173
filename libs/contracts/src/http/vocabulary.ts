/** Words of the PronIELTS platform and of the automation pipeline (seed 000, sections 3 and 4). */

/** Categories a dialogue can have on the platform. */
export const categoryNames = [
  'Professional',
  'Travel',
  'Restaurant',
  'General',
  'Technology',
  'Health',
  'Education',
  'Entertainment',
  'IELTS_Part1',
  'IELTS_Part2',
  'IELTS_Part3',
] as const;
/** A platform category. */
export type CategoryName = (typeof categoryNames)[number];

/** Difficulty levels of the platform. */
export const difficultyLevels = ['beginner', 'intermediate', 'advanced'] as const;
/** A platform difficulty. */
export type DifficultyLevel = (typeof difficultyLevels)[number];

/** Accents of the platform. */
export const accents = ['american', 'british', 'australian', 'south_african', 'irish', 'scottish'] as const;
/** A platform accent. */
export type Accent = (typeof accents)[number];
