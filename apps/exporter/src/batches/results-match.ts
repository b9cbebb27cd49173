import type { BulkImportRequest, ImportedDialogue } from '@hornbook/contracts';

/**
 * Why `results` cannot be those of `request`: they must name its dialogues, in order, with an id for each dialogue and
 * phrase. Undefined when they can.
 */
export function mismatchOf(
  request: BulkImportRequest,
  results: readonly ImportedDialogue[],
): string | undefined {
  if (results.length !== request.dialogues.length) {
    return `${String(results.length)} results for ${String(request.dialogues.length)} dialogues`;
  }
  for (const [index, result] of results.entries()) {
    const dialogue = request.dialogues[index];
    if (result.title !== dialogue?.title) return `result ${String(index)} has another title`;
    if (result.phrase_ids.length !== dialogue.phrases.length) {
      return `result ${String(index)} has ${String(result.phrase_ids.length)} phrases, not ${String(dialogue.phrases.length)}`;
    }
  }
  if (new Set(results.map(({ dialog_id }) => dialog_id)).size !== results.length)
    return 'two results have one id';
  return undefined;
}
