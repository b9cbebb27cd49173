/** Sums of an import, by the names that its result has. */
export const importCounters = [
  'cards_imported',
  'cards_updated',
  'cards_skipped',
  'cards_failed',
  'cards_published',
  'cards_rewarded',
] as const;
/** A sum of an import. */
export type ImportCounter = (typeof importCounters)[number];
/** Sums of an import. */
export type ImportCounters = Readonly<Record<ImportCounter, number>>;
