import type { BulkImportRequest } from '@hornbook/contracts';

/**
 * Largest body of a bulk import, bytes. The longest valid batch has 1,535,000 code points of text, 6.2 MB in UTF-8 at
 * worst; the rest is for member names and for clients that write non-ASCII characters as `\uXXXX`.
 */
export const MAX_BATCH_BYTES = 8 * 1024 * 1024;

/** How many phrases a batch holds. */
export function countPhrases(request: BulkImportRequest): number {
  return request.dialogues.reduce((sum, { phrases }) => sum + phrases.length, 0);
}

/** The categories a batch names, each once. */
export function categoriesOf(request: BulkImportRequest): string[] {
  return [...new Set(request.dialogues.map((dialogue) => dialogue.category_name))];
}
