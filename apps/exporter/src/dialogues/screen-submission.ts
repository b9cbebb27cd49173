import type { Fault } from '@hornbook/contracts';
import { faultsOf } from '@hornbook/service-kit';
import { contentHash } from './content-hash.js';
import { generatedDialogueSchema, type SubmittedDialogue } from './submission.schemas.js';

/** What one item of a submission turned out to be, before the database is asked. */
export type ScreenedItem =
  | {
      readonly kind: 'sound';
      readonly index: number;
      readonly dialogue: SubmittedDialogue;
      readonly hash: string;
    }
  /** An earlier item of the same submission has the same external id and content. */
  | { readonly kind: 'repeat'; readonly index: number; readonly externalId: string; readonly of: number }
  | {
      readonly kind: 'unsound';
      readonly index: number;
      readonly externalId: string | undefined;
      readonly faults: readonly Fault[];
    };

/** The fault of an item whose external id stands for other content. */
export function conflictFault(index: number, externalId: string, where: string): Fault {
  const error = `external_id ${JSON.stringify(externalId)} was used for other content ${where}`;
  return { field: `dialogues[${String(index)}].external_id`, error, code: 'conflict' };
}

/** The fault of an item that has the same content as an earlier one, but wants a review where that one did not, or the reverse. */
export function reviewFault(index: number, externalId: string, required: boolean, where: string): Fault {
  const error = `external_id ${JSON.stringify(externalId)} was used ${required ? 'without' : 'with'} review "required" ${where}`;
  return { field: `dialogues[${String(index)}].review`, error, code: 'conflict' };
}

function externalIdOf(item: unknown): string | undefined {
  const id: unknown =
    typeof item === 'object' && item !== null && 'external_id' in item ? item.external_id : undefined;
  return typeof id === 'string' && id.length <= 200 ? id : undefined;
}

/** Checks each item by itself, and against the earlier ones of the same submission. */
export function screenSubmission(items: readonly unknown[]): ScreenedItem[] {
  const firsts = new Map<string, { index: number; hash: string; required: boolean }>();
  return items.map((item, index): ScreenedItem => {
    const root = `dialogues[${String(index)}]`;
    const parsed = generatedDialogueSchema.safeParse(item, { reportInput: true });
    if (!parsed.success) {
      const faults = faultsOf(parsed.error.issues, '').map(({ field, ...fault }) => ({
        field: field === '' ? root : `${root}.${field}`,
        ...fault,
      }));
      return { kind: 'unsound', index, externalId: externalIdOf(item), faults };
    }
    const dialogue = parsed.data;
    const hash = contentHash(dialogue);
    const required = dialogue.review === 'required';
    const externalId = dialogue.external_id;
    if (externalId == null) return { kind: 'sound', index, dialogue, hash };
    const first = firsts.get(externalId);
    if (!first) {
      firsts.set(externalId, { index, hash, required });
      return { kind: 'sound', index, dialogue, hash };
    }
    const where = `in dialogues[${String(first.index)}]`;
    if (first.hash !== hash)
      return { kind: 'unsound', index, externalId, faults: [conflictFault(index, externalId, where)] };
    if (first.required !== required)
      return {
        kind: 'unsound',
        index,
        externalId,
        faults: [reviewFault(index, externalId, required, where)],
      };
    return { kind: 'repeat', index, externalId, of: first.index };
  });
}
