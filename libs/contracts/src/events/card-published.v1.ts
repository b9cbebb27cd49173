import { z } from 'zod';
import { defineEvent } from './event.js';

/**
 * card-bulk published cards of one owner, up to 500 to an event so that a large import does not cost an event a
 * card. Keyed by owner. A card that was taken back and published again is told of again.
 */
export const CardPublished = defineEvent({
  name: 'card.published.v1',
  description: 'Cards of one owner were published; each of them earned its reward once in its life.',
  data: z.object({
    owner: z.string(),
    /** The import that published them; null for a change of one card. */
    task_id: z.uuid().nullable(),
    cards: z
      .array(
        z.object({
          card_id: z.guid(),
          published_url: z.string(),
          privacy_level: z.string(),
          category: z.string(),
        }),
      )
      .min(1)
      .max(500),
  }),
  example: {
    owner: 'user-1',
    task_id: '019cb3a1-7c1e-7000-8000-5d1f6b9a0c11',
    cards: [
      {
        card_id: '019cb3a1-8b5f-7abc-8def-1f0e2d3c4b5a',
        published_url: 'https://extrophi.ai/cards/how-to-build-momentum-2d3c4b5a',
        privacy_level: 'BUSINESS',
        category: 'BUSINESS',
      },
    ],
  },
});
