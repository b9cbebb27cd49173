import { syncStatuses } from '../dialogues/dialogues.schemas.js';
import { effectOf, type Decision, type Standing } from './effect-of.js';

const sound: Decision = {
  kind: 'approved',
  content: {
    kind: 'sound',
    hash: 'x',
    dialogue: { title: 'A table for two', category: 'news', cefr_level: 'B1', turns: [] },
  },
};
const unsound: Decision = { kind: 'approved', content: { kind: 'unsound', reason: 'too short' } };
const deleted: Decision = { kind: 'deleted' };
const reopened: Decision = { kind: 'reopened' };
const standing = (changes: Partial<Standing> = {}): Standing => ({
  status: 'awaiting_review',
  inFailedBatch: false,
  version: null,
  ...changes,
});

describe('what a decision of a review does', () => {
  it.each(['awaiting_review', 'ready', 'withdrawn', 'failed'] as const)(
    'a dialogue that is %s and in no batch follows its review',
    (status) => {
      const effects = [sound, unsound, deleted, reopened].map((decision) =>
        effectOf(decision, 2, standing({ status, version: 1 })),
      );
      expect(effects).toEqual(['release', 'refuse', 'withdraw', 'hold']);
    },
  );

  it.each([
    standing({ status: 'batched' }),
    standing({ status: 'confirmed' }),
    standing({ status: 'resolved' }),
    standing({ status: 'failed', inFailedBatch: true }),
  ])('what has left or is closed for good is not touched: %j', (place) => {
    for (const decision of [sound, unsound, deleted, reopened])
      expect(effectOf(decision, 1, place)).toBe('late');
  });

  it('a version that was heard of, or an older one, does nothing wherever the dialogue stands', () => {
    for (const status of syncStatuses) {
      for (const decision of [sound, unsound, deleted, reopened]) {
        for (const version of [1, 4, 5])
          expect(effectOf(decision, version, standing({ status, version: 5 }))).toBe('stale');
      }
    }
  });
});
