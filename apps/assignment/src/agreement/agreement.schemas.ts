import { z } from 'zod';
import { datasetNameSchema, tagSchema } from '../items/item-names.js';

/** Most tags and pairs of reviewers that an answer lists. */
export const MOST_TAGS = 100;
/** Most pairs of reviewers that an answer lists. */
export const MOST_PAIRS = 100;

/** Query of the agreement of a dataset. */
export const agreementQuerySchema = z.strictObject({
  tag: tagSchema.optional().describe('Only items with this tag'),
});
/** Query of the agreement of a dataset. */
export type AgreementQuery = z.output<typeof agreementQuerySchema>;

/** Path of a dataset. */
export const agreementPathSchema = z.object({ dataset: datasetNameSchema });

const measure = z.number().nullable();

/** Agreement over some items. A measure is null where it is not defined: nothing rated twice, or one label alone. */
export const measuresSchema = z.object({
  items: z.int().describe('Rounds with two reviews or more'),
  reviews: z.int(),
  labels: z.object({ approved: z.int(), edited: z.int(), deleted: z.int() }),
  percentAgreement: measure.describe('Share of agreeing pairs of reviews, 0 to 1'),
  fleissKappa: measure.describe('Over the rounds with `fleissReviewers` reviews'),
  fleissReviewers: z.int().nullable().describe('The number of reviews that most rounds have'),
  krippendorffsAlpha: measure.describe('Nominal; over all rounds with two reviews or more'),
});
/** Agreement over some items. */
export type Measures = z.output<typeof measuresSchema>;

/** Agreement of the reviewers of a dataset. */
export const agreementSchema = measuresSchema
  .extend({
    dataset: z.string(),
    tag: z.string().nullable(),
    cohensKappa: z.object({
      mean: measure.describe('Mean over the pairs for which it is defined (Light 1971)'),
      pairs: z
        .array(
          z.object({
            reviewers: z.tuple([z.string(), z.string()]),
            items: z.int(),
            percentAgreement: z.number(),
            kappa: measure,
          }),
        )
        .describe(`Those with most items in common, at most ${String(MOST_PAIRS)}`),
    }),
    byTag: z
      .array(measuresSchema.extend({ tag: z.string() }))
      .describe(`Tags with most items, at most ${String(MOST_TAGS)}`),
  })
  .meta({ id: 'Agreement' });
/** Agreement of the reviewers of a dataset. */
export type Agreement = z.output<typeof agreementSchema>;
