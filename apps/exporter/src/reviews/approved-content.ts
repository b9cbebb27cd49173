import { faultsOf } from '@hornbook/service-kit';
import { z } from 'zod';
import { contentHash } from '../dialogues/content-hash.js';
import type { GeneratedDialogue } from '../dialogues/mapping.js';
import { dialogueContentSchema } from '../dialogues/submission.schemas.js';

/** Longest account of what is wrong with an approved dialogue; the whole of it stands in the failure's payload. */
const MAX_REASON = 2_000;

/** A ground truth of the dataset of dialogues; other members of its payload are its reviewers' own. */
const payloadSchema = z.object({ dialogue: dialogueContentSchema });

/** What an approved ground truth holds for the export. */
export type ApprovedContent =
  | { readonly kind: 'sound'; readonly dialogue: GeneratedDialogue; readonly hash: string }
  /** It breaks the rules of a dialogue; `reason` names each place. */
  | { readonly kind: 'unsound'; readonly reason: string };

/** Reads the dialogue out of an approved payload, by the same rules that a submitted one has to meet. */
export function approvedContent(payload: Readonly<Record<string, unknown>>): ApprovedContent {
  const parsed = payloadSchema.safeParse(payload, { reportInput: true });
  if (parsed.success) {
    const { title, category, cefr_level, accent, turns } = parsed.data.dialogue;
    const dialogue: GeneratedDialogue = {
      title,
      category,
      cefr_level,
      accent: accent ?? null,
      turns: turns.map(({ text, order, speaker }) => ({ text, order, speaker: speaker ?? null })),
    };
    return { kind: 'sound', dialogue, hash: contentHash(dialogue) };
  }
  const reason = faultsOf(parsed.error.issues, 'payload')
    .map(({ field, error }) => `${field}: ${error}`)
    .join('; ');
  return { kind: 'unsound', reason: reason.slice(0, MAX_REASON) };
}
