import { z } from 'zod';
import { defineEvent } from './event.js';

/**
 * A ground truth was approved, with these edits. Keyed by `<dataset>/<id>`. `version` grows with every write of the
 * item: whoever has heard of a higher one has nothing to learn from this.
 */
export const GroundTruthApproved = defineEvent({
  name: 'ground-truth.approved.v1',
  description: 'A ground truth was approved; its content is what the reviewer left.',
  data: z.object({
    dataset: z.string(),
    id: z.string(),
    bucket: z.uuid(),
    /** The item's version after the approval. */
    version: z.int().min(1),
    /** Content of the item as approved, edits included. */
    payload: z.record(z.string(), z.unknown()),
    /** Subject of who approved. */
    changedBy: z.string(),
    changedAt: z.iso.datetime(),
  }),
  example: {
    dataset: 'dialogues',
    id: '0197d0a4-3f5c-7abc-8def-0123456789ab',
    bucket: '5b2f9a54-8a57-4c59-9a4c-3c9d7f0a1e42',
    version: 3,
    payload: {
      dialogue: {
        title: 'Ordering a coffee',
        category: 'restaurant',
        cefr_level: 'A2',
        accent: null,
        turns: [
          { text: 'Good morning, a coffee please.', order: 1, speaker: 'A' },
          { text: 'With milk or sugar?', order: 2, speaker: 'B' },
        ],
      },
    },
    changedBy: 'alice',
    changedAt: '2026-03-02T11:02:41.310Z',
  },
});
