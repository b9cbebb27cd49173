import { MAX_BATCH_DIALOGUES } from '@hornbook/contracts';

/** A dialogue that is ready to leave. */
export interface ReadyDialogue {
  readonly dialogueId: string;
  readonly owner: string;
}

/** Dialogues of one owner that leave together. */
export interface Cut {
  readonly owner: string;
  readonly dialogueIds: readonly string[];
}

/**
 * Cuts what is ready into batches of one owner each and at most 50 dialogues, in the given order. Unless `everything`
 * has to leave, a rest of less than 50 stays for later company, except when there would be no batch at all although
 * 50 dialogues wait: many owners with few dialogues each do not wait for each other.
 */
export function cutBatches(
  ready: readonly ReadyDialogue[],
  everything: boolean,
  size = MAX_BATCH_DIALOGUES,
): Cut[] {
  if (!everything && ready.length < size) return [];
  const byOwner = new Map<string, string[]>();
  for (const { owner, dialogueId } of ready) {
    const ids = byOwner.get(owner);
    if (ids) ids.push(dialogueId);
    else byOwner.set(owner, [dialogueId]);
  }
  const cuts = [...byOwner].flatMap(([owner, ids]) =>
    Array.from({ length: Math.ceil(ids.length / size) }, (_, index) => ({
      owner,
      dialogueIds: ids.slice(index * size, (index + 1) * size),
    })),
  );
  if (everything) return cuts;
  const full = cuts.filter(({ dialogueIds }) => dialogueIds.length === size);
  return full.length > 0 ? full : cuts;
}
