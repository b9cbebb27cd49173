import type { ItemContent } from './item-content.js';
import { etagOf } from './etag.js';

/** Where an item stands (seed 003). Skipped items are in the pool like drafts. */
export const itemStatuses = ['draft', 'approved', 'skipped', 'deleted'] as const;
/** Where an item stands. */
export type ItemStatus = (typeof itemStatuses)[number];

/** What happened to an item; the words of its history. */
export const actions = [
  'assigned',
  'released',
  'expired',
  'transferred',
  'approved',
  'skipped',
  'deleted',
  'reopened',
  'edited',
  'restored',
  'updated',
  'scheduled',
] as const;
/** What happened to an item. */
export type Action = (typeof actions)[number];

/** State of an item as every change hands it back. */
export interface ItemState {
  readonly pk: string;
  readonly dataset: string;
  readonly id: string;
  readonly bucket: string;
  readonly status: ItemStatus;
  readonly version: number;
  readonly priority: number;
  readonly skipCount: number;
  readonly assignedTo: string | null;
  readonly assignedAt: Date | null;
  readonly leaseExpiresAt: Date | null;
  readonly dueAt: Date | null;
  readonly reviewedAt: Date | null;
  readonly reviewedBy: string | null;
  readonly updatedAt: Date;
  readonly updatedBy: string;
}

/** An item with its content and what its dataset says of it. */
export interface ItemRow extends ItemState {
  readonly datasetId: number;
  /** Who imported it; reviewers of overlapping reviews are others. */
  readonly author: string;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly content: ItemContent;
  readonly tags: readonly string[];
  readonly requiredReviews: number;
  readonly skipFlagAfter: number;
}

const time = (at: Date | null): string | null => at?.toISOString() ?? null;

/** An item as `/v1/assignments/my` lists it: the seed's six members first. */
export function slimView(item: Omit<ItemState, 'reviewedAt' | 'reviewedBy'>): {
  id: string;
  dataset: string;
  bucket: string;
  status: ItemStatus;
  etag: string;
  assignedAt: string | null;
  assignedTo: string | null;
  leaseExpiresAt: string | null;
  dueAt: string | null;
  priority: number;
  version: number;
} {
  return {
    id: item.id,
    dataset: item.dataset,
    bucket: item.bucket,
    status: item.status,
    etag: etagOf(item.version),
    assignedAt: time(item.assignedAt),
    assignedTo: item.assignedTo,
    leaseExpiresAt: time(item.leaseExpiresAt),
    dueAt: time(item.dueAt),
    priority: item.priority,
    version: item.version,
  };
}

/** An item as it is shown one by one. */
export function fullView(item: ItemRow): ReturnType<typeof slimView> & Record<string, unknown> {
  return {
    ...item.content,
    ...slimView(item),
    tags: [...item.tags],
    skipCount: item.skipCount,
    flagged: item.skipCount >= item.skipFlagAfter,
    reviewedAt: time(item.reviewedAt),
    reviewedBy: item.reviewedBy,
    createdAt: item.createdAt.toISOString(),
    createdBy: item.createdBy,
    updatedAt: item.updatedAt.toISOString(),
    updatedBy: item.updatedBy,
  };
}
