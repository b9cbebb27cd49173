import { pageOf, pageQueryFields } from '@hornbook/contracts';
import { z } from 'zod';

/** A category. */
export const categorySchema = z
  .object({
    id: z.int(),
    name: z.string(),
    description: z.string().nullable(),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'Category' });

/** Query of the list of categories. */
export const categoryListQuerySchema = z.strictObject({ ...pageQueryFields });
/** Query of the list of categories. */
export type CategoryListQuery = z.output<typeof categoryListQuerySchema>;

/** Answer of the list of categories. */
export const categoryPageSchema = pageOf(categorySchema).meta({ id: 'CategoryPage' });
/** Answer of the list of categories. */
export type CategoryPage = z.output<typeof categoryPageSchema>;
