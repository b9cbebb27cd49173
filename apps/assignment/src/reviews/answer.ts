import { createHash } from 'node:crypto';
import { ValidationError } from '@hornbook/service-kit';
import { compact, faultOfWhole, tagsOf, withEdits, type ItemContent } from '../items/item-content.js';
import { canonicalJson } from '../snapshots/canonical-json.js';
import { clashMessage, clashOf } from '../tags/exclusive-groups.js';
import type { ReviewLabel, Verdict } from './reviews.schemas.js';

/** What a review comes to. */
export interface Answer {
  readonly label: ReviewLabel;
  /** The item with the reviewer's edits. */
  readonly content: ItemContent;
  /** SHA-256 (hex): equal answers have equal ones. */
  readonly hash: string;
}

/**
 * The answer of a review. Two reviewers agree when both delete, or both approve the very same content; it does not
 * matter how each came to it.
 */
export function answerOf(verdict: Verdict, original: ItemContent, edits: ItemContent): Answer {
  const before = compact(original);
  const content = withEdits(before, edits);
  const text = canonicalJson(content);
  const isEdited = text !== canonicalJson(before);
  const decided = verdict === 'deleted' ? '' : text;
  return {
    label: verdict === 'deleted' ? 'deleted' : isEdited ? 'edited' : 'approved',
    content,
    hash: createHash('sha256').update(`${verdict}\n${decided}`).digest('hex'),
  };
}

/** @throws ValidationError when edited content is too large or has tags that exclude each other */
export function refuseUnsound(content: ItemContent, exclusiveGroups: ReadonlySet<string>): void {
  const fault = faultOfWhole(content);
  if (fault) throw new ValidationError([{ field: 'edits', ...fault }]);
  const clash = clashOf(tagsOf(content), exclusiveGroups);
  if (clash) {
    throw new ValidationError([
      { field: 'edits.manualTags', error: clashMessage(clash), code: 'invalid_tag' },
    ]);
  }
}
