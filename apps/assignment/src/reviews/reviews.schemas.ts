import { pageQueryFields, text } from '@hornbook/contracts';
import { z } from 'zod';
import { editableFields } from '../items/item-content.js';
import { datasetNameSchema, reasonSchema } from '../items/item-names.js';

/** What a review says of an item. */
export const verdicts = ['approved', 'deleted'] as const;
/** What a review says of an item. */
export type Verdict = (typeof verdicts)[number];

/** What a review says, for the measures of agreement: approved as it was, approved with edits, deleted. */
export const reviewLabels = ['approved', 'edited', 'deleted'] as const;
/** A label of a review. */
export type ReviewLabel = (typeof reviewLabels)[number];

/** How far a round is: reviewers are at work, they agreed, they did not and a curator has to or had to decide, it was overtaken. */
export const roundStates = ['open', 'agreed', 'disputed', 'adjudicated', 'closed'] as const;

/** Path of one item. Any text: what cannot be an item's address names none, which is a 404. */
export const itemPathSchema = z.object({
  dataset: z.string().max(300),
  bucket: z.string().max(300),
  item_id: z.string().max(1000),
});
/** Path of one item. */
export type ItemPath = z.output<typeof itemPathSchema>;

const editsSchema = z.strictObject(editableFields);

/** Body of `PUT …/review`: without `verdict` what was written so far is kept; `skipped` gives the slot back. */
export const reviewBodySchema = z.strictObject({
  verdict: z.enum([...verdicts, 'skipped']).optional(),
  edits: editsSchema.optional().describe('Members of the item that differ; null takes one away'),
  note: text({ max: 2_000 }).optional().describe('For the adjudicator'),
  reason: reasonSchema.optional().describe('Why it was skipped'),
});
/** Body of `PUT …/review`. */
export type ReviewBody = z.output<typeof reviewBodySchema>;

/** One slot as its holder sees it. */
export const reviewSchema = z
  .object({
    id: z.string(),
    dataset: z.string(),
    bucket: z.uuid(),
    round: z.int(),
    slot: z.int(),
    required: z.int().describe('Reviewers of this round'),
    status: z.enum(['held', 'submitted', 'closed']),
    etag: z.string(),
    assignedAt: z.iso.datetime(),
    leaseExpiresAt: z.iso.datetime().nullable(),
    verdict: z.enum(verdicts).nullable(),
    edits: z.record(z.string(), z.unknown()).nullable(),
    note: z.string().nullable(),
    submittedAt: z.iso.datetime().nullable(),
    roundState: z.enum(roundStates),
  })
  .meta({ id: 'Review' });
/** One slot as its holder sees it. */
export type ReviewView = z.output<typeof reviewSchema>;

/** A slot with the item as it is to be reviewed. */
export const reviewDetailSchema = reviewSchema
  .extend({ item: z.record(z.string(), z.unknown()) })
  .meta({ id: 'ReviewDetail' });
/** A slot with the item as it is to be reviewed. */
export type ReviewDetail = z.output<typeof reviewDetailSchema>;

/** A slot that was given back. */
export const releasedReviewSchema = z
  .object({ id: z.string(), dataset: z.string(), bucket: z.uuid(), round: z.int(), slot: z.int() })
  .extend({ status: z.enum(['released', 'skipped']) })
  .meta({ id: 'ReleasedReview' });
/** A slot that was given back. */
export type ReleasedReview = z.output<typeof releasedReviewSchema>;

/** Query of the slots that the caller holds. */
export const myReviewsQuerySchema = z.strictObject({ ...pageQueryFields });

/** One page of the slots that the caller holds, oldest first. */
export const reviewPageSchema = z
  .object({ items: z.array(reviewSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'ReviewPage' });
/** One page of slots. */
export type ReviewPage = z.output<typeof reviewPageSchema>;

/** A slot as curators see it. */
export const slotSchema = z.object({
  slot: z.int(),
  status: z.enum(['free', 'held', 'submitted', 'closed']),
  reviewer: z.string().nullable(),
  assignedAt: z.iso.datetime().nullable(),
  leaseExpiresAt: z.iso.datetime().nullable(),
  verdict: z.enum(verdicts).nullable(),
  label: z.enum(reviewLabels).nullable(),
  edits: z.record(z.string(), z.unknown()).nullable(),
  note: z.string().nullable(),
  submittedAt: z.iso.datetime().nullable(),
});
/** A slot as curators see it. */
export type SlotView = z.output<typeof slotSchema>;

/** A round with its slots. */
export const roundSchema = z
  .object({
    round: z.int(),
    state: z.enum(roundStates),
    required: z.int(),
    openedAt: z.iso.datetime(),
    closedAt: z.iso.datetime().nullable(),
    outcome: z.enum([...verdicts, 'again']).nullable(),
    resolvedBy: z.string().nullable(),
    note: z.string().nullable(),
    slots: z.array(slotSchema),
  })
  .meta({ id: 'ReviewRound' });
/** A round with its slots. */
export type RoundView = z.output<typeof roundSchema>;

/** All rounds of an item, newest first. */
export const roundsSchema = z.object({ rounds: z.array(roundSchema) }).meta({ id: 'ReviewRounds' });
/** All rounds of an item. */
export type RoundsView = z.output<typeof roundsSchema>;

/** Query of the adjudication queue. */
export const adjudicationQuerySchema = z.strictObject({
  ...pageQueryFields,
  dataset: datasetNameSchema.optional(),
});
/** Query of the adjudication queue. */
export type AdjudicationQuery = z.output<typeof adjudicationQuerySchema>;

/** An item whose reviewers do not agree. */
export const disputeSchema = z
  .object({
    id: z.string(),
    dataset: z.string(),
    bucket: z.uuid(),
    etag: z.string(),
    disputedAt: z.iso.datetime(),
    item: z.record(z.string(), z.unknown()),
    round: roundSchema,
  })
  .meta({ id: 'Dispute' });
/** An item whose reviewers do not agree. */
export type Dispute = z.output<typeof disputeSchema>;

/** One page of the adjudication queue, longest waiting first. */
export const disputePageSchema = z
  .object({ items: z.array(disputeSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'DisputePage' });
/** One page of the adjudication queue. */
export type DisputePage = z.output<typeof disputePageSchema>;

/** Body of `POST …/adjudicate`. `again` opens another round. */
export const adjudicationBodySchema = z
  .strictObject({
    verdict: z.enum([...verdicts, 'again']),
    slot: z.int().min(1).max(9).optional().describe('Take the edits of this review'),
    edits: editsSchema.optional().describe('On top of those'),
    note: text({ min: 1, max: 2_000 }).optional(),
  })
  .refine(
    ({ verdict, slot, edits }) => verdict === 'approved' || (slot === undefined && edits === undefined),
    {
      error: 'slot and edits go with the verdict approved alone',
      params: { code: 'not_applicable' },
    },
  );
/** Body of `POST …/adjudicate`. */
export type AdjudicationBody = z.output<typeof adjudicationBodySchema>;

/** What an adjudication came to. */
export const adjudicationSchema = z
  .object({
    id: z.string(),
    dataset: z.string(),
    bucket: z.uuid(),
    status: z.enum(['draft', 'approved', 'skipped', 'deleted']),
    etag: z.string(),
    round: roundSchema,
  })
  .meta({ id: 'Adjudication' });
/** What an adjudication came to. */
export type Adjudication = z.output<typeof adjudicationSchema>;
