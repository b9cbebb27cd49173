import { pageOf, pageQueryFields, text } from '@hornbook/contracts';
import { z } from 'zod';
import { ownerQueryFields } from '../access/acting-for.js';
import { cardCategories, cardContentFields, cardLimits, privacyLevels } from './card.schema.js';

/** A card as it is read. */
export const cardSchema = z
  .object({
    id: z.guid(),
    title: z.string(),
    body: z.string(),
    category: z.enum(cardCategories),
    privacy_level: z.enum(privacyLevels),
    tags: z.array(z.string()),
    source_platform: z.string().nullable(),
    source_url: z.string().nullable(),
    is_published: z.boolean(),
    published_url: z.string().nullable(),
    created_at: z.iso.datetime(),
    published_at: z.iso.datetime().nullable(),
    updated_at: z.iso.datetime(),
    external_id: z.string().nullable(),
    content_id: z.string().nullable(),
    parent_card_id: z.guid().nullable(),
    related_card_ids: z.array(z.guid()),
    metadata: z.record(z.string(), z.unknown()),
    deleted_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Card' });
/** A card as it is read. */
export type CardView = z.output<typeof cardSchema>;

const flag = z.enum(['true', 'false']).transform((word) => word === 'true');

/** Query of the list of cards; filters narrow each other down. */
export const cardListQuerySchema = z.strictObject({
  ...pageQueryFields,
  ...ownerQueryFields,
  category: z.enum(cardCategories).optional(),
  privacy_level: z.enum(privacyLevels).optional(),
  is_published: flag.optional(),
  tag: text({ min: 1, max: cardLimits.tag }).optional().describe('A tag the card has'),
  external_id: text({ min: 1, max: cardLimits.externalId }).optional(),
  source_url: text({ min: 1, max: cardLimits.url }).optional(),
  deleted: flag.default(false).describe('Soft-deleted cards instead of the others'),
  q: text({ min: 1, max: 200 })
    .optional()
    .describe('Words in title or body, in any of their forms; found some seconds after an import'),
});
/** Query of the list of cards. */
export type CardListQuery = z.output<typeof cardListQuerySchema>;

/** Answer of the list of cards. */
export const cardPageSchema = pageOf(cardSchema).meta({ id: 'CardPage' });
/** Answer of the list of cards. */
export type CardPage = z.output<typeof cardPageSchema>;

/** Path of one card. */
export const cardPathSchema = z.object({ id: z.guid().transform((id) => id.toLowerCase()) });

/** Query of one card. */
export const ownerQuerySchema = z.strictObject({ ...ownerQueryFields });
/** Query of one card. */
export type OwnerQuery = z.output<typeof ownerQuerySchema>;

/** Query of a delete. */
export const cardDeleteQuerySchema = z.strictObject({
  ...ownerQueryFields,
  hard: flag.default(false).describe('Remove the card for good instead of marking it'),
});
/** Query of a delete. */
export type CardDeleteQuery = z.output<typeof cardDeleteQuerySchema>;

/** Body of `PATCH /cards/{id}`: what is left out stays, null empties what may be empty. */
export const cardPatchSchema = z
  .strictObject({
    ...cardContentFields,
    title: cardContentFields.title.optional(),
    body: cardContentFields.body.optional(),
    is_published: z
      .boolean()
      .optional()
      .describe('true publishes a BUSINESS or IDEAS card, false takes it back; tokens once earned stay'),
  })
  .refine((patch) => Object.keys(patch).length > 0, {
    error: 'Nothing to change was sent',
    params: { code: 'required' },
  })
  .meta({ id: 'CardPatch' });
/** Body of `PATCH /cards/{id}`. */
export type CardPatch = z.output<typeof cardPatchSchema>;
