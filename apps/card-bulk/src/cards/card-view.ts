import type { CardRow } from './cards.repository.js';
import type { CardView } from './cards.schemas.js';

/** A card as the API shows it. */
export function cardView({ version: _, ...row }: CardRow): CardView {
  return {
    ...row,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    published_at: row.published_at?.toISOString() ?? null,
    deleted_at: row.deleted_at?.toISOString() ?? null,
  };
}

/** Strong entity tag of a card. The time tells a card from its namesake that was removed and imported again. */
export function cardEtag({ version, updated_at }: Pick<CardRow, 'version' | 'updated_at'>): string {
  return `"${version}-${updated_at.getTime().toString(36)}"`;
}
