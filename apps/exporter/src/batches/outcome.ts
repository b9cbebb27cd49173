import type { ImportedDialogue } from '@hornbook/contracts';

/** Why a batch or a dialogue is not on the platform; `error_type` of failures and metrics. A closed list. */
export const errorTypes = [
  'validation_error',
  'unauthorized',
  'forbidden',
  'rate_limited',
  'batch_in_progress',
  'gateway_error',
  'timeout',
  'connection_error',
  'unreadable_answer',
  'unverified_duplicate',
  'batch_id_conflict',
  'redirected',
  'unexpected_answer',
  'invalid_review_edits',
] as const;
/** Why something is not on the platform. */
export type ErrorType = (typeof errorTypes)[number];

/** An error as it is stored and shown. */
export interface ExportError {
  readonly errorType: ErrorType;
  /** For a person; no token, no stack. */
  readonly message: string;
}

/** How the platform's own word about a batch came to us. */
export type ConfirmedBy = 'answer' | 'read_back' | 'event';

/** What an answer means for a batch. */
export type Outcome =
  /** It is there, with these ids. */
  | { readonly kind: 'confirmed'; readonly by: ConfirmedBy; readonly results: readonly ImportedDialogue[] }
  /** The platform has something under this id: look at it before deciding. */
  | { readonly kind: 'read_back'; readonly missing: Outcome; readonly mismatch: Outcome }
  /** The id belongs to somebody else's batch. */
  | ({ readonly kind: 'foreign' } & ExportError)
  /** Not now: the platform is alive and asks for patience. Bounded, but no failure. */
  | ({ readonly kind: 'later'; readonly retryAfter: string | undefined } & ExportError)
  /** It may or may not have arrived: the same bytes again, a few times. */
  | ({ readonly kind: 'again'; readonly retryAfter: string | undefined } & ExportError)
  /** Nothing of it was taken, because of these dialogues (by index in the payload). */
  | ({ readonly kind: 'refused'; readonly faults: ReadonlyMap<number, string> } & ExportError)
  /** For a person to look at; `pause` when every other batch would meet the same. */
  | ({ readonly kind: 'failed'; readonly pause: boolean } & ExportError)
  /** We gave it back ourselves; neither an attempt nor a deferral. `sent`: the platform may have got it. */
  | { readonly kind: 'released'; readonly sent: boolean; readonly reason: string };
