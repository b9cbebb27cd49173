import type { ContentBatchImported, EventData } from '@hornbook/contracts';
import type { CardCategory, CardRow, PrivacyLevel } from '../cards/card.schema.js';

/** An imported dialogue as the event tells of it. */
export type ImportedBatch = EventData<typeof ContentBatchImported>;

/** What the policy decides of the cards. */
export interface CardPolicy {
  readonly privacy_level: PrivacyLevel;
  readonly category: CardCategory;
}

/**
 * The cards of a batch, one a dialogue. A card names its dialogue and where its phrases are; the phrases themselves stay
 * with content-import, whose they are, so that no copy of them grows old here. The external id is that of the
 * dialogue: however often the batch is told of, there is one card.
 */
export function dialogueCards({ batch_id, source, results }: ImportedBatch, policy: CardPolicy): CardRow[] {
  return results.map(({ title, dialog_id, phrase_ids }) => ({
    title,
    body: `Dialogue ${dialog_id} of ${phrase_ids.length} phrases, imported from ${source} with batch ${batch_id}.`,
    ...policy,
    tags: ['dialogue'],
    source_platform: source,
    external_id: `dialogue-${dialog_id}`,
    content_id: String(dialog_id),
    metadata: { batch_id, dialog_id, phrase_ids },
  }));
}
