import { z } from 'zod';
import { datasetNameSchema, tagSchema } from '../items/item-names.js';
import { itemStatuses } from '../items/item.js';

/** Most items that one self-serve call asks for. */
export const MAX_CLAIM = 1_000;

/** Body of `POST /v1/assignments/self-serve` (seed 003). */
export const selfServeSchema = z
  .strictObject({
    limit: z.int().min(0).max(MAX_CLAIM).describe('How many; 0 asks for none'),
    mode: z
      .enum(['add', 'topUp'])
      .default('add')
      .describe('add: so many more than you hold; topUp: until you hold so many'),
    datasets: z.array(datasetNameSchema).min(1).max(100).optional().describe('Only of these'),
    tags: z.array(tagSchema).min(1).max(10).optional().describe('Only items that have all of these'),
  })
  .meta({ id: 'SelfServeRequest' });
/** Body of a self-serve call. */
export type SelfServeRequest = z.output<typeof selfServeSchema>;

/** An item in somebody's hands, or to be. */
export const slimItemSchema = z
  .object({
    id: z.string(),
    dataset: z.string(),
    bucket: z.string(),
    status: z.enum(itemStatuses),
    etag: z.string(),
    assignedAt: z.iso.datetime().nullable(),
    assignedTo: z.string().nullable(),
    leaseExpiresAt: z.iso.datetime().nullable(),
    dueAt: z.iso.datetime().nullable(),
    priority: z.int(),
    version: z.int(),
    /** The slot of an overlapping review; absent where one reviewer decides. */
    slot: z.int().optional(),
  })
  .meta({ id: 'AssignedItem' });
/** An item in somebody's hands. */
export type SlimItem = z.output<typeof slimItemSchema>;

/** Why fewer items came than were asked for. */
export const shortfalls = [
  'SUPPLY_EXHAUSTED',
  'SKIPPED_BY_YOU',
  'TAKEN_MEANWHILE',
  'DATASET_LIMIT',
  'USER_LIMIT',
] as const;

/** Answer of `POST /v1/assignments/self-serve`. */
export const selfServeAnswerSchema = z
  .object({
    assigned: z.array(slimItemSchema),
    requested: z.int(),
    assignedCount: z.int(),
    shortfall: z
      .enum(shortfalls)
      .nullable()
      .describe(
        'Why fewer came: nothing left, only what you skipped or reviewed, others were taking the rest at that moment, a cap of the dataset, or your cap',
      ),
    openCount: z.int().describe('Items you hold now'),
    remaining: z.int().describe('Items left in the pool of these datasets'),
  })
  .meta({ id: 'SelfServeAnswer' });
/** Answer of a self-serve call. */
export type SelfServeAnswer = z.output<typeof selfServeAnswerSchema>;
