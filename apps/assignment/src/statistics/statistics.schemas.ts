import { text } from '@hornbook/contracts';
import { z } from 'zod';
import { countsSchema } from '../datasets/datasets.schemas.js';
import { datasetNameSchema } from '../items/item-names.js';
import { actions } from '../items/item.js';

/** Query of `GET /v1/ground-truths/stats`. */
export const itemStatsQuerySchema = z.strictObject({ dataset: datasetNameSchema.optional() });

/** Answer of `GET /v1/ground-truths/stats`. */
export const itemStatsSchema = countsSchema
  .extend({
    datasets: z.array(countsSchema.extend({ dataset: z.string() })),
    tags: z.array(
      z.object({
        tag: z.string(),
        total: z.int(),
        draft: z.int(),
        approved: z.int(),
        skipped: z.int(),
        deleted: z.int(),
      }),
    ),
  })
  .meta({ id: 'ItemStatistics' });
/** Answer of the statistics of items. */
export type ItemStats = z.output<typeof itemStatsSchema>;

/** Query of `GET /v1/assignments/stats`: days in UTC, both included; at most a year. */
export const workQuerySchema = z
  .strictObject({
    from: z.iso.date().optional(),
    to: z.iso.date().optional(),
    dataset: datasetNameSchema.optional(),
    user: text({ min: 1, max: 200 })
      .optional()
      .describe("Reviewers see their own; others' are for curators and admins"),
    by: z.enum(['user', 'day', 'dataset', 'userDay']).default('user'),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from <= to, {
    error: 'from is after to',
    path: ['from'],
    params: { code: 'contradiction' },
  });
/** Query of the statistics of work. */
export type WorkQuery = z.output<typeof workQuerySchema>;

/** What was done, by whom, when or where. */
export const workSchema = z
  .object({
    from: z.iso.date(),
    to: z.iso.date(),
    items: z.array(
      z.object({
        user: z.string().optional(),
        day: z.iso.date().optional(),
        dataset: z.string().optional(),
        actions: z.partialRecord(z.enum(['imported', ...actions]), z.int()),
        meanSecondsToDecision: z
          .number()
          .nullable()
          .describe('From assignment to approval, skip or deletion'),
      }),
    ),
  })
  .meta({ id: 'WorkStatistics' });
/** Answer of the statistics of work. */
export type Work = z.output<typeof workSchema>;
