import { z } from 'zod';
import { cardCategories, privacyLevels } from '../../cards/card.schema.js';

/** Which cards an operation is about; what is null or left out does not narrow. */
export const cardFilterFields = {
  privacy_levels: z.array(z.enum(privacyLevels)).min(1).max(privacyLevels.length).nullish(),
  categories: z.array(z.enum(cardCategories)).min(1).max(cardCategories.length).nullish(),
  tags: z.array(z.string().min(1).max(100)).min(1).max(50).nullish().describe('Cards with any of these tags'),
  published_only: z.boolean().default(false),
};

/** Which cards an operation is about. */
export const cardFilterSchema = z.strictObject(cardFilterFields);
/** Which cards an operation is about. */
export type CardSelection = z.output<typeof cardFilterSchema> & {
  readonly card_ids?: readonly string[] | null | undefined;
};

/**
 * The condition of a selection on `cards`, deleted ones left out. Parameters are appended.
 * @param owner whose cards
 */
export function selectionSql(selection: CardSelection, owner: string, parameters: unknown[]): string {
  const given = (value: unknown): string => `$${parameters.push(value)}`;
  const conditions = [`owner = ${given(owner)}`, 'deleted_at IS NULL'];
  const { card_ids, privacy_levels, categories, tags, published_only } = selection;
  if (card_ids) conditions.push(`id = ANY (${given(card_ids)}::uuid[])`);
  if (privacy_levels) conditions.push(`privacy_level = ANY (${given(privacy_levels)}::text[])`);
  if (categories) conditions.push(`category = ANY (${given(categories)}::text[])`);
  if (tags) conditions.push(`tags && ${given(tags)}::text[]`);
  if (published_only) conditions.push('is_published');
  return conditions.join(' AND ');
}
