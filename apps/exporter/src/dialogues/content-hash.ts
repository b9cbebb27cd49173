import { createHash } from 'node:crypto';
import type { GeneratedDialogue } from './mapping.js';

/** SHA-256 (hex) of everything a dialogue says: tells a repeated submission from a changed one. */
export function contentHash({ title, category, cefr_level, accent, turns }: GeneratedDialogue): string {
  const content = [
    title,
    category,
    cefr_level,
    accent ?? null,
    turns.map(({ text, order, speaker }) => [order, text, speaker ?? null]),
  ];
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}
