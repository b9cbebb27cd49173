import { z } from 'zod';
import { defineEvent } from './event.js';

/** A snapshot of approved ground truths is complete; it never changes again. Keyed by `id`. */
export const GroundTruthSnapshotCreated = defineEvent({
  name: 'ground-truth.snapshot.created.v1',
  description: 'A snapshot of approved ground truths is complete and can be fetched.',
  mayBeUnheard: true,
  data: z.object({
    id: z.uuid(),
    /** SHA-256 (hex) of its NDJSON form. */
    hash: z.string(),
    count: z.int(),
    datasetNames: z.array(z.string()),
    createdBy: z.string(),
    snapshotAt: z.iso.datetime(),
  }),
  example: {
    id: '0197d0a4-3f5c-7abc-8def-0123456789ab',
    hash: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    count: 1200,
    datasetNames: ['travel', 'work'],
    createdBy: 'curator-1',
    snapshotAt: '2026-03-02T11:02:41.310Z',
  },
});
