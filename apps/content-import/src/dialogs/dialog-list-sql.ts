/** Which dialogues are listed; what is undefined does not narrow. */
export interface DialogFilter {
  readonly id?: number | undefined;
  /** Only dialogues with a smaller id. */
  readonly before?: number | undefined;
  readonly categoryId?: number | undefined;
  readonly difficulty?: string | undefined;
  readonly accent?: string | undefined;
  readonly source?: string | undefined;
  readonly batch?: string | undefined;
  /** In the syntax of web searches. */
  readonly q?: string | undefined;
}

/** One condition a filter; `?` stands for its parameter. */
const conditions: Readonly<Record<keyof DialogFilter, string>> = {
  id: 'dialogs.id = ?',
  before: 'dialogs.id < ?',
  categoryId: 'dialogs.category_id = ?',
  difficulty: 'dialogs.difficulty_level = ?',
  accent: 'dialogs.accent = ?',
  source: 'dialogs.source = ?',
  batch: 'dialogs.import_batch_id = (SELECT id FROM import_batches WHERE batch_id = ?)',
  q: `dialogs.search @@ websearch_to_tsquery('content', ?)`,
};

const SELECT = `
  SELECT dialogs.id, title, category_id, categories.name AS category_name, difficulty_level, dialogs.description, accent,
    dialogs.source, import_batches.batch_id, dialogs.created_at,
    (SELECT count(*)::integer FROM phrases WHERE phrases.dialog_id = dialogs.id) AS phrases_count
  FROM dialogs
  JOIN categories ON categories.id = dialogs.category_id
  LEFT JOIN import_batches ON import_batches.id = dialogs.import_batch_id`;

/** The statement that lists dialogues, newest first. Only conditions that are asked for stand in it, so each has its own plan. */
export function dialogListSql(filter: DialogFilter, limit: number): { sql: string; parameters: unknown[] } {
  const parameters: unknown[] = [];
  const where = (Object.keys(conditions) as (keyof DialogFilter)[])
    .filter((name) => filter[name] !== undefined)
    .map((name) => conditions[name].replace('?', `$${String(parameters.push(filter[name]))}`));
  const sql = `${SELECT}
  ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''}
  ORDER BY dialogs.id DESC LIMIT $${String(parameters.push(limit))}`;
  return { sql, parameters };
}
