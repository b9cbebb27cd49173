import { pageQueryFields, text } from '@hornbook/contracts';
import { z } from 'zod';

/** Most datasets or tags that a snapshot may be narrowed to. */
const MAX_NAMES = 100;

/** How far a snapshot is. */
export const snapshotStatuses = ['building', 'ready', 'failed'] as const;

const narrowing = z
  .array(text({ min: 1, max: 101 }))
  .max(MAX_NAMES)
  .default([])
  .transform((names) => [...new Set(names)].sort());

/** Body of `POST /v1/ground-truths/snapshots`. */
export const snapshotRequestSchema = z
  .strictObject({
    datasets: narrowing.describe('Names of datasets; none means all'),
    tags: narrowing.describe('Only items that carry all of these tags'),
    note: text({ min: 1, max: 1000 }).optional(),
  })
  .meta({ id: 'SnapshotRequest' });
/** Body of `POST /v1/ground-truths/snapshots`. */
export type SnapshotRequest = z.output<typeof snapshotRequestSchema>;

/** A snapshot without its items. What only a finished one has is null before. */
export const snapshotSchema = z
  .object({
    id: z.uuid(),
    status: z.enum(snapshotStatuses),
    schemaVersion: z.literal('v1'),
    filters: z.object({
      datasets: z.array(z.string()),
      tags: z.array(z.string()),
      status: z.literal('approved'),
    }),
    note: z.string().nullable(),
    createdBy: z.string(),
    createdAt: z.iso.datetime(),
    snapshotAt: z.iso.datetime().nullable().describe('The moment whose approved items it holds'),
    datasetNames: z.array(z.string()).nullable(),
    count: z.int().nullable(),
    bytes: z.int().nullable().describe('Length of the NDJSON form'),
    hash: z.string().nullable().describe('SHA-256 (hex) of the NDJSON form'),
    failure: z.string().nullable(),
  })
  .meta({ id: 'Snapshot' });
/** A snapshot without its items. */
export type SnapshotView = z.output<typeof snapshotSchema>;

/** Query of the list of snapshots. */
export const snapshotListQuerySchema = z.strictObject({
  ...pageQueryFields,
  status: z.enum(snapshotStatuses).optional(),
});
/** Query of the list of snapshots. */
export type SnapshotListQuery = z.output<typeof snapshotListQuerySchema>;

/** One page of snapshots, newest first. */
export const snapshotPageSchema = z
  .object({ items: z.array(snapshotSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'SnapshotPage' });
/** One page of snapshots. */
export type SnapshotPage = z.output<typeof snapshotPageSchema>;

/** Path of one snapshot. Any text: what is no snapshot's id names none, which is a 404. */
export const snapshotPathSchema = z.object({ id: z.string().max(100) });

/** Query of a snapshot's items. */
export const snapshotItemsQuerySchema = z.strictObject({
  format: z
    .enum(['json', 'ndjson'])
    .default('json')
    .describe('`json`: one document; `ndjson`: one canonical item (RFC 8785) a line'),
});
/** Forms of a snapshot's items. */
export type SnapshotFormat = z.output<typeof snapshotItemsQuerySchema>['format'];

/** What may have become of an item between two snapshots. */
export const snapshotChanges = ['added', 'removed', 'changed'] as const;

/** Query of the difference between two snapshots. */
export const snapshotDiffQuerySchema = z.strictObject({
  ...pageQueryFields,
  to: z.string().max(100).describe('The later snapshot'),
  change: z.enum(snapshotChanges).optional(),
});
/** Query of the difference between two snapshots. */
export type SnapshotDiffQuery = z.output<typeof snapshotDiffQuerySchema>;

/** One item that two snapshots do not hold alike. */
export const snapshotDiffItemSchema = z.object({
  change: z.enum(snapshotChanges),
  dataset: z.string(),
  id: z.string(),
  fromVersion: z.int().nullable(),
  toVersion: z.int().nullable(),
  fromHash: z.string().nullable(),
  toHash: z.string().nullable(),
  fields: z.array(z.string()).describe('Members that differ, of a changed item'),
});
/** One item that two snapshots do not hold alike. */
export type SnapshotDiffItem = z.output<typeof snapshotDiffItemSchema>;

/** The difference between two snapshots, by dataset and id. Counts stand on the first page. */
export const snapshotDiffSchema = z
  .object({
    from: z.uuid(),
    to: z.uuid(),
    counts: z.object({ added: z.int(), removed: z.int(), changed: z.int(), unchanged: z.int() }).nullable(),
    items: z.array(snapshotDiffItemSchema),
    nextCursor: z.string().nullable(),
  })
  .meta({ id: 'SnapshotDiff' });
/** The difference between two snapshots. */
export type SnapshotDiff = z.output<typeof snapshotDiffSchema>;
