import { text } from '@hornbook/contracts';
import { z } from 'zod';
import { countsSchema } from '../datasets/datasets.schemas.js';
import { datasetNameSchema } from '../items/item-names.js';

/** Query of `GET /v1/ground-truths/tags`. */
export const tagQuerySchema = z.strictObject({ dataset: datasetNameSchema.optional() });

/** A group of tags, with the tags that items have or that were written down. */
export const tagGroupSchema = z
  .object({
    name: z.string(),
    exclusive: z.boolean().describe('An item has one tag of it at most'),
    description: z.string(),
    version: z.int().describe('0: nobody has said anything of it'),
    etag: z.string(),
    tags: z.array(z.object({ name: z.string(), description: z.string(), counts: countsSchema })),
  })
  .meta({ id: 'TagGroup' });
/** A group of tags. */
export type TagGroup = z.output<typeof tagGroupSchema>;

/** Answer of `GET /v1/ground-truths/tags`. */
export const tagListSchema = z.object({ items: z.array(tagGroupSchema) }).meta({ id: 'TagGroups' });

/** Body of `PUT /v1/ground-truths/tag-groups/{name}`. */
export const tagGroupPutSchema = z
  .strictObject({
    exclusive: z.boolean().default(false),
    description: text({ max: 2_000 }).default(''),
    tags: z
      .array(
        z.strictObject({
          value: z
            .string()
            .regex(/^[\p{L}\p{N}][\p{L}\p{N}\p{M} _.+-]{0,49}$/u, '1–50 letters, digits, "_", "." or "-"'),
          description: text({ max: 2_000 }).default(''),
        }),
      )
      .max(500)
      .default([]),
  })
  .meta({ id: 'TagGroupRequest' });
/** Body of a change of a tag group. */
export type TagGroupPut = z.output<typeof tagGroupPutSchema>;

/** Path of one group. */
export const tagGroupPathSchema = z.object({
  name: z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N}_.-]{0,49}$/u, '1–50 letters, digits, "_", "." or "-"'),
});
