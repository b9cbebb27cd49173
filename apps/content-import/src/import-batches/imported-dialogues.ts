import type { BulkImportRequest, ImportedDialogue } from '@hornbook/contracts';

/**
 * Gives each dialogue of a request its ids.
 * @param dialogIds one a dialogue, in the request's order
 * @param phraseIds one a phrase, in the request's order, dialogue after dialogue
 * @throws Error when there are more or fewer ids than rows: the transaction must then not be committed
 */
export function importedDialogues(
  dialogues: BulkImportRequest['dialogues'],
  dialogIds: readonly number[],
  phraseIds: readonly number[],
): ImportedDialogue[] {
  let taken = 0;
  const results = dialogues.map(({ title, phrases }, index): ImportedDialogue => {
    const first = taken;
    taken += phrases.length;
    return { title, dialog_id: dialogIds[index] ?? 0, phrase_ids: phraseIds.slice(first, taken) };
  });
  if (dialogIds.length !== dialogues.length || phraseIds.length !== taken) {
    throw new Error(
      `${String(dialogIds.length)} of ${String(dialogues.length)} dialogues and ${String(phraseIds.length)} of ${String(taken)} phrases were stored`,
    );
  }
  return results;
}
