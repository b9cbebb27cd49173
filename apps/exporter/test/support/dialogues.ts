import { randomUUID } from 'node:crypto';

/** A generated dialogue as a pipeline writes it. */
export interface SampleDialogue {
  readonly external_id?: string | null;
  readonly title: string;
  readonly category: string;
  readonly cefr_level: string;
  readonly accent?: string | null;
  readonly turns: readonly {
    readonly text: string;
    readonly order: number;
    readonly speaker?: string | null;
  }[];
}

/** A dialogue of two turns; its title is its own. */
export function dialogue(overrides: Partial<SampleDialogue> = {}): SampleDialogue {
  return {
    title: `Dialogue ${randomUUID()}`,
    category: 'restaurant',
    cefr_level: 'B1',
    turns: [
      { text: "Good evening, I'd like to make a reservation please.", order: 1, speaker: 'A' },
      { text: 'Certainly. For how many people and what time?', order: 2, speaker: 'B' },
    ],
    ...overrides,
  };
}

/** Many dialogues with `turns` turns each. */
export function dialogues(count: number, turns = 2): SampleDialogue[] {
  return Array.from({ length: count }, () =>
    dialogue({
      turns: Array.from({ length: turns }, (_, index) => ({
        text: `Turn number ${String(index + 1)} of a dialogue.`,
        order: index + 1,
        speaker: index % 2 === 0 ? 'A' : 'B',
      })),
    }),
  );
}
