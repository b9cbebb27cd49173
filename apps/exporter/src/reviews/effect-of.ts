import type { SyncStatus } from '../dialogues/dialogues.schemas.js';
import type { ApprovedContent } from './approved-content.js';

/** What was decided about the ground truth of a dialogue. */
export type Decision =
  | { readonly kind: 'approved'; readonly content: ApprovedContent }
  | { readonly kind: 'deleted' }
  /** What was decided before no longer holds. */
  | { readonly kind: 'reopened' };

/** Where a dialogue under review stands when news of its review comes. */
export interface Standing {
  readonly status: SyncStatus;
  /** It failed together with its whole batch, whose bytes may have reached the platform. */
  readonly inFailedBatch: boolean;
  /** Newest version of the ground truth heard of; null before the first news. */
  readonly version: number | null;
}

/**
 * What news of a review does. `stale`: something newer was heard before; nothing. `late`: the dialogue is in a batch,
 * whose bytes are written, or a person has closed its failure for good; recorded, nothing else. `release`: may leave,
 * as approved. `refuse`: to the failures. `withdraw`: stays out. `hold`: stays out until the next decision.
 */
export type Effect = 'stale' | 'late' | 'release' | 'refuse' | 'withdraw' | 'hold';

/** The whole rule of what a decision at `version` does to a dialogue. */
export function effectOf(decision: Decision, version: number, standing: Standing): Effect {
  if (standing.version !== null && version <= standing.version) return 'stale';
  if (!canStillChange(standing)) return 'late';
  switch (decision.kind) {
    case 'approved':
      return decision.content.kind === 'sound' ? 'release' : 'refuse';
    case 'deleted':
      return 'withdraw';
    case 'reopened':
      return 'hold';
  }
}

function canStillChange({ status, inFailedBatch }: Standing): boolean {
  switch (status) {
    case 'awaiting_review':
    case 'ready':
    case 'withdrawn':
      return true;
    case 'failed':
      return !inFailedBatch;
    case 'batched':
    case 'confirmed':
    case 'resolved':
      return false;
  }
}
