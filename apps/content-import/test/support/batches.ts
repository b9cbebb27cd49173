import type { BulkImportRequest } from '@hornbook/contracts';

/** A dialogue of a batch. */
export type Dialogue = BulkImportRequest['dialogues'][number];
/** A phrase of a dialogue. */
export type Phrase = Dialogue['phrases'][number];

let made = 0;

/** A batch id that no other test of the file uses. */
export function newBatchId(): string {
  made++;
  return `batch-2026-03-02-${String(made).padStart(6, '0')}`;
}

/** A phrase; `order` is its place. */
export function phrase(order: number, overrides: Partial<Phrase> = {}): Phrase {
  return { reference_text: `Phrase number ${String(order)}.`, order, ...overrides };
}

/** A dialogue of two phrases. */
export function dialogue(overrides: Partial<Dialogue> = {}): Dialogue {
  return {
    title: 'Asking the way',
    category_name: 'Travel',
    difficulty_level: 'beginner',
    phrases: [phrase(1), phrase(2)],
    ...overrides,
  };
}

/** A batch of one dialogue, with an id of its own. */
export function batch(overrides: Partial<BulkImportRequest> = {}): BulkImportRequest {
  return { dialogues: [dialogue()], source: 'test-pipeline', batch_id: newBatchId(), ...overrides };
}

/** The example of seed 000, section 3.1. */
export function reservation(): Dialogue {
  return {
    title: 'Making a Restaurant Reservation',
    category_name: 'Restaurant',
    difficulty_level: 'intermediate',
    description: 'Practice making reservations at restaurants using polite language',
    accent: 'british',
    phrases: [
      "Good evening, I'd like to make a reservation please.",
      'Certainly, sir. For how many people and what time?',
      "It's for two people at seven thirty, if possible.",
      'Let me check our availability. Yes, we have a table available.',
      'Wonderful! Could we have a table by the window?',
      "I'll make a note of that. May I have your name, please?",
    ].map((reference_text, index) => ({
      reference_text,
      order: index + 1,
      difficulty: 'intermediate',
      speaker: index % 2 === 0 ? 'A' : 'B',
    })),
  };
}
