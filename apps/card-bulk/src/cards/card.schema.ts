import { z } from 'zod';
import { isJsonObject, metadataFault } from './card-metadata.js';
import { knownText as text } from './compile-schema.js';

/** Who may see a card. Only BUSINESS and IDEAS are ever published. */
export const privacyLevels = ['PRIVATE', 'PERSONAL', 'BUSINESS', 'IDEAS'] as const;
/** Who may see a card. */
export type PrivacyLevel = (typeof privacyLevels)[number];

/**
 * What a card is about: the words of the card database, and those which the examples of seed 002 send as a category.
 * The two do not overlap, and a card has one of either.
 */
export const cardCategories = [
  'UNASSIMILATED',
  'PROGRAM',
  'CATEGORIZED',
  'GRIT',
  'TOUGH',
  'JUNK',
  'BUSINESS',
  'IDEAS',
  'PERSONAL',
  'PRIVATE',
] as const;
/** What a card is about. */
export type CardCategory = (typeof cardCategories)[number];

/**
 * Sizes of a card, in code points or items. Together they keep the largest card within one line of
 * `MAX_LINE_BYTES`, so that whatever is stored can be exported and read again.
 */
export const cardLimits = {
  title: 1000,
  body: 100_000,
  tags: 50,
  tag: 100,
  relatedCards: 100,
  externalId: 255,
  contentId: 255,
  sourcePlatform: 100,
  url: 2000,
} as const;

/** Any JSON object that jsonb gives back unchanged. It is handed on by reference: nothing is copied or dropped. */
const metadataSchema = z
  .custom<Record<string, unknown>>()
  .check((context) => {
    const value: unknown = context.value;
    if (value === undefined) return;
    if (!isJsonObject(value)) {
      context.issues.push({ code: 'invalid_type', expected: 'object', input: value });
      return;
    }
    const fault = metadataFault(value);
    if (fault)
      context.issues.push({
        code: 'custom',
        message: fault.message,
        input: value,
        params: { code: fault.code },
      });
  })
  .meta({ type: 'object', additionalProperties: true });

/**
 * RFC 3339 in UTC with at most microseconds: what Postgres keeps. The first pattern knows the calendar, the second
 * what of it Postgres reads.
 */
const timeSchema = z.iso
  .datetime('Must be a time like 2026-03-02T10:15:00Z')
  .regex(
    /^(?:19[7-9]\d|[2-9]\d{3})-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z$/,
    'Must be a time from 1970 to 9999 in UTC with at most six decimals, like 2026-03-02T10:15:00.000Z',
  );

const urlSchema = text({ max: cardLimits.url }).regex(
  /^(?:[Hh][Tt][Tt][Pp][Ss]?:\/\/\S+)?$/,
  'Must be an http or https URL without spaces',
);

/** The members that a card's writer decides. Text that may be absent is absent when empty. */
export const cardContentFields = {
  title: text({ min: 1, max: cardLimits.title }),
  body: text({ min: 1, max: cardLimits.body }),
  category: z.enum(cardCategories).nullish(),
  privacy_level: z.enum(privacyLevels).nullish(),
  tags: z
    .array(text({ min: 1, max: cardLimits.tag }))
    .max(cardLimits.tags)
    .nullish(),
  source_platform: text({ max: cardLimits.sourcePlatform }).nullish(),
  source_url: urlSchema.nullish(),
  external_id: text({ max: cardLimits.externalId }).nullish(),
  content_id: text({ max: cardLimits.contentId }).nullish(),
  parent_card_id: z.guid('Must be a UUID').nullish(),
  related_card_ids: z.array(z.guid('Must be a UUID')).max(cardLimits.relatedCards).nullish(),
  metadata: metadataSchema.nullish(),
};

/** What the platform adds to a card. An import takes them so that an export can be read back. */
export const cardRecordFields = {
  id: z.guid('Must be a UUID').nullish(),
  is_published: z.boolean().nullish(),
  published_url: urlSchema.nullish(),
  created_at: timeSchema.nullish(),
  updated_at: timeSchema.nullish(),
  published_at: timeSchema.nullish(),
};

/**
 * One card of an import (seed 002, bulk import). The one place of its rules: the fast validator is compiled from it
 * (`card-validator.ts`) and the OpenAPI document shows it.
 */
export const cardRowSchema = z
  .strictObject({ ...cardContentFields, ...cardRecordFields })
  .meta({ id: 'CardRow', description: 'One card of an import' });
/** One card as it is sent. */
export type CardRow = z.output<typeof cardRowSchema>;

/** One card with every member present, as an import stores it; null means absent. */
export interface Card {
  readonly title: string;
  readonly body: string;
  readonly category: CardCategory;
  readonly privacy_level: PrivacyLevel;
  readonly tags: readonly string[];
  readonly source_platform: string | null;
  readonly source_url: string | null;
  readonly external_id: string | null;
  readonly content_id: string | null;
  readonly parent_card_id: string | null;
  readonly related_card_ids: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Given by an export that is read back; the importer decides what it honours. */
  readonly id: string | null;
  readonly is_published: boolean;
  readonly published_url: string | null;
  readonly created_at: string | null;
  readonly updated_at: string | null;
  readonly published_at: string | null;
}

/** Members of a card in the order in which every export writes them. */
export const cardColumns = [
  'id',
  'title',
  'body',
  'category',
  'privacy_level',
  'tags',
  'source_platform',
  'source_url',
  'is_published',
  'published_url',
  'created_at',
  'published_at',
  'updated_at',
  'external_id',
  'content_id',
  'parent_card_id',
  'related_card_ids',
  'metadata',
] as const satisfies readonly (keyof Card)[];
/** Name of a member of a card. */
export type CardColumn = (typeof cardColumns)[number];

const noTags: readonly string[] = [];
const noMetadata: Readonly<Record<string, unknown>> = {};

/** A valid row with its defaults: nothing is public unless it says so, and empty text is absent. */
export function toCard(row: CardRow): Card {
  return {
    title: row.title,
    body: row.body,
    category: row.category ?? 'UNASSIMILATED',
    privacy_level: row.privacy_level ?? 'PRIVATE',
    tags: row.tags ?? noTags,
    source_platform: row.source_platform || null,
    source_url: row.source_url || null,
    external_id: row.external_id || null,
    content_id: row.content_id || null,
    parent_card_id: row.parent_card_id?.toLowerCase() ?? null,
    related_card_ids: row.related_card_ids?.map((id) => id.toLowerCase()) ?? noTags,
    metadata: row.metadata ?? noMetadata,
    id: row.id?.toLowerCase() ?? null,
    is_published: row.is_published ?? false,
    published_url: row.published_url || null,
    created_at: row.created_at ?? null,
    updated_at: row.updated_at ?? null,
    published_at: row.published_at ?? null,
  };
}
