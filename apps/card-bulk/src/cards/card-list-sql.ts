/** Which cards are listed; what is undefined does not narrow. */
export interface CardFilter {
  readonly owner: string;
  /** Only cards with a smaller id: ids of version 7 follow time. */
  readonly before?: string | undefined;
  readonly category?: string | undefined;
  readonly privacy_level?: string | undefined;
  readonly is_published?: boolean | undefined;
  readonly tag?: string | undefined;
  readonly external_id?: string | undefined;
  readonly source_url?: string | undefined;
  readonly deleted?: boolean | undefined;
  /** In the syntax of web searches. */
  readonly q?: string | undefined;
}

/** Columns of a card as the API spells them. */
export const CARD_COLUMNS = `id, title, body, category, privacy_level, tags, source_platform, source_url, is_published,
  published_url, created_at, published_at, updated_at, external_id, content_id, parent_card_id, related_card_ids,
  metadata, deleted_at`;

/** The word that stands for an owner among the words of a card. No text of a card can contain a space in a word. */
export const OWNER_WORD = `'owner ' || `;

/**
 * Statement of one page, newest first.
 * @param limit rows, one more than the page has
 */
export function cardListSql(filter: CardFilter, limit: number): { sql: string; parameters: unknown[] } {
  const parameters: unknown[] = [];
  const given = (value: unknown): string => `$${parameters.push(value)}`;
  const conditions = [
    `owner = ${given(filter.owner)}`,
    filter.deleted ? 'deleted_at IS NOT NULL' : 'deleted_at IS NULL',
  ];
  if (filter.before !== undefined) conditions.push(`id < ${given(filter.before)}::uuid`);
  if (filter.category !== undefined) conditions.push(`category = ${given(filter.category)}`);
  if (filter.privacy_level !== undefined) conditions.push(`privacy_level = ${given(filter.privacy_level)}`);
  if (filter.is_published !== undefined)
    conditions.push(filter.is_published ? 'is_published' : 'NOT is_published');
  if (filter.tag !== undefined) conditions.push(`tags @> ARRAY[${given(filter.tag)}]::text[]`);
  if (filter.external_id !== undefined) conditions.push(`external_id = ${given(filter.external_id)}`);
  if (filter.source_url !== undefined) {
    const url = given(filter.source_url);
    conditions.push(`hashtextextended(source_url, 0) = hashtextextended(${url}, 0) AND source_url = ${url}`);
  }
  if (filter.q !== undefined) {
    conditions.push(`id IN (SELECT card_id FROM card_search
      WHERE search @@ (array_to_tsvector(ARRAY[${OWNER_WORD}$1::text])::text::tsquery && websearch_to_tsquery('card_words', ${given(filter.q)})))`);
  }
  const sql = `SELECT ${CARD_COLUMNS}, version FROM cards WHERE ${conditions.join(' AND ')}
    ORDER BY id DESC LIMIT ${given(limit)}`;
  return { sql, parameters };
}
