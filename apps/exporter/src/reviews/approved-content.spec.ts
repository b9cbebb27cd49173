import { contentHash } from '../dialogues/content-hash.js';
import { approvedContent } from './approved-content.js';

const dialogue = {
  title: 'Ordering a coffee',
  category: 'restaurant',
  cefr_level: 'A2',
  accent: null,
  turns: [
    { text: 'Good morning, a coffee please.', order: 1, speaker: 'A' },
    { text: 'With milk and sugar?', order: 2, speaker: null },
  ],
};

describe('an approved ground truth', () => {
  it('of a sound dialogue is taken with its hash, whatever else its payload holds', () => {
    const content = approvedContent({ dialogue, comment: 'Fine now', tags: ['topic:food'] });
    expect(content).toEqual({ kind: 'sound', dialogue, hash: contentHash(dialogue as never) });
  });

  it.each([
    ['no dialogue', {}, 'dialogue: Required'],
    ['a text in its place', { dialogue: 'Hello' }, 'dialogue: Expected an object, got a string'],
    [
      'a short turn',
      { dialogue: { ...dialogue, turns: [dialogue.turns[0], { text: 'Hm', order: 2 }] } },
      'dialogue.turns[1].text: String too short (minimum 5 characters)',
    ],
    [
      'a turn taken out',
      { dialogue: { ...dialogue, turns: [dialogue.turns[1]] } },
      'dialogue.turns: Too few items (minimum 2 items); dialogue.turns: Turns must have consecutive order starting from 1',
    ],
    ['an unknown member', { dialogue: { ...dialogue, mood: 'glad' } }, 'dialogue.mood: Unknown member'],
    [
      'an unknown level',
      { dialogue: { ...dialogue, cefr_level: 'B3' } },
      'dialogue.cefr_level: Value "B3" is not allowed (allowed: A1, A2, B1, B2, C1, C2)',
    ],
  ])('with %s is refused, naming the place', (_what, payload, reason) => {
    expect(approvedContent(payload)).toEqual({ kind: 'unsound', reason });
  });

  it('with very many faults is refused with an account of bounded length', () => {
    const turns = Array.from({ length: 12 }, () => ({ text: 'x', order: 0, speaker: 'Q', mood: 'glad' }));
    const content = approvedContent({ dialogue: { ...dialogue, turns } });
    expect(content.kind === 'unsound' && content.reason.length).toBe(2_000);
  });
});
