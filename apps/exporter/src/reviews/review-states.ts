/**
 * What the review of a dialogue said last. `awaiting`: nothing yet, or it was reopened; `invalid`: approved, with edits
 * that break the rules of a dialogue; `withdrawn`: deleted.
 */
export const reviewStates = ['awaiting', 'approved', 'invalid', 'withdrawn'] as const;
/** What the review of a dialogue said last. */
export type ReviewState = (typeof reviewStates)[number];
