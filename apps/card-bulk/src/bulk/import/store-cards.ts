import { queryRows, type Tx } from '@hornbook/database';
import { taskInput } from '@hornbook/tasks';
import type { ImportOptions } from './import-options.js';

/** JSON array of `PreparedRow`: its bytes, or which of a task's inputs it is, so that it never leaves the database. */
export type GivenRows =
  | { readonly json: Buffer; readonly taskId?: undefined; readonly seq?: undefined }
  | { readonly json?: undefined; readonly taskId: string; readonly seq: number };

/** Where and how rows are stored. */
export interface StoreOptions extends Pick<ImportOptions, 'on_duplicate' | 'match_on'> {
  readonly owner: string;
  readonly cardUrlBase: string;
  /** Rows from this position on are left out: the first bad one of an import that stops there. */
  readonly stopBefore: number | null;
  /** Whether a duplicate that is an error stops the import too. */
  readonly stopAtDuplicate: boolean;
  /** Whether any row brings an id of its own. */
  readonly hasGivenIds: boolean;
}

/** A card that a statement published. */
export interface NewlyPublished {
  readonly id: string;
  readonly title: string;
  readonly published_url: string;
  readonly privacy_level: string;
  readonly category: string;
}

/** A row that was refused as a duplicate. */
export interface DuplicateRow {
  readonly n: number;
  readonly code: 'duplicate_existing' | 'duplicate_in_file';
  readonly card_id: string | null;
}

/** What became of the rows; every row is in one of the counts. */
export interface StoredRows {
  readonly imported: number;
  readonly updated: number;
  readonly skipped: number;
  readonly duplicates: readonly DuplicateRow[];
  readonly published: readonly NewlyPublished[];
}

/*
 * Rows as they were sent, with the defaults of `toCard`: nothing is public unless it says so, and empty text is
 * absent. Of a member that is there twice the last one counts, as in JavaScript.
 */
const ROWS = `(SELECT _n AS n, _id AS id, id AS given_id, _slug AS slug, title, body,
    coalesce(category, 'UNASSIMILATED') AS category, coalesce(privacy_level, 'PRIVATE') AS privacy_level,
    coalesce(tags, '{}') AS tags, nullif(source_platform, '') AS source_platform, nullif(source_url, '') AS source_url,
    nullif(external_id, '') AS external_id, nullif(content_id, '') AS content_id, parent_card_id,
    coalesce(related_card_ids, '{}') AS related_card_ids, coalesce(metadata, '{}') AS metadata, created_at, updated_at,
    published_at
  FROM json_to_recordset(coalesce($1::json, ${taskInput('$5::uuid', '$6::integer')}::json))
    AS sent (_n bigint, _id uuid, _slug text, id uuid, title text, body text, category text, privacy_level text,
    tags text[], source_platform text, source_url text, external_id text, content_id text, parent_card_id uuid,
    related_card_ids uuid[], metadata jsonb, created_at timestamptz, updated_at timestamptz, published_at timestamptz)) AS given`;

const COLUMNS = `id, owner, title, body, category, privacy_level, tags, source_platform, source_url, external_id,
  content_id, parent_card_id, related_card_ids, is_published, published_url, metadata, created_at, updated_at, published_at`;

const values = (id: string): string => `${id}, $2::text, title, body, category, privacy_level, tags,
  source_platform, source_url, external_id, content_id, parent_card_id, related_card_ids,
  slug IS NOT NULL, $3::text || '/' || slug || '-' || right(${id}::text, 8), metadata,
  coalesce(created_at, now()), coalesce(updated_at, created_at, now()),
  CASE WHEN slug IS NOT NULL THEN coalesce(published_at, now()) END`;

const published = (from: string): string =>
  `json_agg(json_build_object('id', id, 'title', title, 'published_url', published_url, 'privacy_level', privacy_level,
    'category', category) ORDER BY id) FILTER (WHERE ${from})`;

/* The usual import: every row becomes a card. */
const INSERT = `
  WITH inserted AS (
    INSERT INTO cards (${COLUMNS}) SELECT ${values('id')} FROM ${ROWS} WHERE $4::bigint IS NULL OR n < $4
    RETURNING id, title, is_published, published_url, privacy_level, category
  ), queued AS (
    INSERT INTO card_search_queue (card_ids) SELECT array_agg(id) FROM inserted HAVING count(*) > 0
  )
  SELECT count(*)::integer AS imported, 0 AS updated, 0 AS skipped, NULL AS duplicates,
    ${published('is_published')} AS published FROM inserted`;

const sameUrl = `c.deleted_at IS NULL AND c.source_url IS NOT NULL AND c.source_url = given.source_url
  AND hashtextextended(c.source_url, 0) = hashtextextended(given.source_url, 0)`;
const sameContent = `c.deleted_at IS NULL AND c.title = given.title AND c.body = given.body
  AND hashtextextended(c.title || E'\\n' || c.body, 0) = hashtextextended(given.title || E'\\n' || given.body, 0)`;

/*
 * Every row is looked up and its fate decided before anything is written. The statement runs under the owner's lock
 * (below), or two imports of the same file would not see each other's cards. Of rows that are the same card, `update`
 * stores the last one, as if they had come one after the other. Cards to be updated are locked, so that what is known
 * of them is what they are.
 */
const MATCH = `
  WITH keyed AS MATERIALIZED (
    SELECT given.*, CASE
      WHEN $8 IN ('auto', 'external_id') AND external_id IS NOT NULL THEN 'external_id'
      WHEN $8 IN ('auto', 'source_url') AND source_url IS NOT NULL THEN 'source_url'
      WHEN $8 IN ('auto', 'content') THEN 'content' END AS key
    FROM ${ROWS} WHERE $4::bigint IS NULL OR n < $4
  ), matched AS MATERIALIZED (
    SELECT given.*, CASE WHEN $7 <> 'insert' THEN coalesce(
      (SELECT c.id FROM cards AS c WHERE c.id = given.given_id AND c.owner = $2 AND c.deleted_at IS NULL),
      CASE key
        WHEN 'external_id' THEN (SELECT c.id FROM cards AS c WHERE c.owner = $2 AND c.deleted_at IS NULL
          AND c.external_id = given.external_id LIMIT 1)
        WHEN 'source_url' THEN (SELECT c.id FROM cards AS c WHERE c.owner = $2 AND ${sameUrl} LIMIT 1)
        WHEN 'content' THEN (SELECT c.id FROM cards AS c WHERE c.owner = $2 AND ${sameContent} LIMIT 1)
      END) END AS existing
    FROM keyed AS given
  ), placed AS MATERIALIZED (
    SELECT matched.*, count(*) OVER same AS copies, row_number() OVER (same ORDER BY n) AS place
    FROM matched WINDOW same AS (PARTITION BY coalesce(existing::text, key || ' ' || CASE key
      WHEN 'external_id' THEN external_id WHEN 'source_url' THEN source_url ELSE title || E'\\n' || body END, n::text))
  ), decided AS MATERIALIZED (
    SELECT placed.*, CASE $7
      WHEN 'insert' THEN 'insert'
      WHEN 'skip' THEN CASE WHEN existing IS NULL AND place = 1 THEN 'insert' ELSE 'skip' END
      WHEN 'update' THEN CASE WHEN place < copies THEN 'superseded' WHEN existing IS NULL THEN 'insert' ELSE 'update' END
      ELSE CASE WHEN existing IS NOT NULL THEN 'duplicate_existing' WHEN place > 1 THEN 'duplicate_in_file' ELSE 'insert' END
      END AS fate
    FROM placed
  ), kept AS MATERIALIZED (
    SELECT * FROM decided
    WHERE NOT $9::boolean OR n <= coalesce((SELECT min(n) FROM decided WHERE fate LIKE 'duplicate%'), n)
  ), fresh AS MATERIALIZED (
    SELECT kept.*, CASE WHEN given_id IS NULL OR row_number() OVER (PARTITION BY given_id ORDER BY n) > 1
      OR EXISTS (SELECT FROM cards AS c WHERE c.id = given_id) THEN id ELSE given_id END AS card_id
    FROM kept WHERE fate = 'insert'
  ), inserted AS (
    INSERT INTO cards (${COLUMNS}) SELECT ${values('card_id')} FROM fresh
    RETURNING id, title, is_published, published_url, privacy_level, category, is_published AS newly
  ), held AS MATERIALIZED (
    SELECT c.id, c.is_published FROM cards AS c WHERE c.id IN (SELECT existing FROM kept WHERE fate = 'update')
    ORDER BY c.id FOR UPDATE
  ), changed AS (
    UPDATE cards AS c SET title = d.title, body = d.body, category = d.category, privacy_level = d.privacy_level,
      tags = d.tags, source_platform = d.source_platform, source_url = d.source_url,
      external_id = d.external_id, content_id = d.content_id, parent_card_id = d.parent_card_id,
      related_card_ids = d.related_card_ids, metadata = d.metadata,
      is_published = d.publishes, version = c.version + 1, updated_at = now(),
      published_url = CASE WHEN d.publishes
        THEN coalesce(c.published_url, $3::text || '/' || d.slug || '-' || right(c.id::text, 8)) END,
      published_at = CASE WHEN d.publishes THEN coalesce(c.published_at, d.published_at, now()) END
    FROM (SELECT kept.*, held.is_published AS was_published,
        kept.privacy_level IN ('BUSINESS', 'IDEAS') AND (held.is_published OR slug IS NOT NULL) AS publishes
      FROM kept JOIN held ON held.id = kept.existing WHERE fate = 'update') AS d
    WHERE c.id = d.existing AND c.deleted_at IS NULL
    RETURNING c.id, c.title, c.is_published, c.published_url, c.privacy_level, c.category,
      c.is_published AND NOT d.was_published AS newly
  ), written AS (
    SELECT * FROM inserted UNION ALL SELECT * FROM changed
  ), queued AS (
    INSERT INTO card_search_queue (card_ids) SELECT array_agg(id) FROM written HAVING count(*) > 0
  )
  SELECT (SELECT count(*)::integer FROM inserted) AS imported,
    ((SELECT count(*) FROM changed) + (SELECT count(*) FROM kept WHERE fate = 'superseded'))::integer AS updated,
    (SELECT count(*)::integer FROM kept WHERE fate = 'skip') AS skipped,
    (SELECT count(*)::integer FROM kept) AS decided,
    (SELECT json_agg(json_build_object('n', n, 'code', fate, 'card_id', existing) ORDER BY n)
      FROM kept WHERE fate LIKE 'duplicate%') AS duplicates,
    (SELECT ${published('newly')} FROM written) AS published`;

/** Held to the end of the transaction by whoever looks for duplicates among an owner's cards. */
const OWNER_LOCK = `SELECT pg_advisory_xact_lock(hashtextextended('duplicate cards ' || current_schema() || ' ' || $1::text, 0))`;

interface Answer {
  readonly imported: number;
  readonly updated: number;
  readonly skipped: number;
  readonly decided?: number;
  readonly duplicates: DuplicateRow[] | null;
  readonly published: NewlyPublished[] | null;
}

/** A card changed hands between the look and the write; the chunk has to be done again. */
export class CardsChangedError extends Error {
  override readonly name = 'CardsChangedError';
}

/** Whether rows become cards whatever else is there, each with an id of our own: they meet no other card. */
export function areIndependent({
  on_duplicate,
  hasGivenIds,
}: Pick<StoreOptions, 'on_duplicate' | 'hasGivenIds'>): boolean {
  return on_duplicate === 'insert' && !hasGivenIds;
}

/**
 * Stores rows: one statement, whatever their number.
 * @throws CardsChangedError, or the database's refusal; the transaction must not be committed then
 */
export async function storeCards(tx: Tx, rows: GivenRows, options: StoreOptions): Promise<StoredRows> {
  const { owner, cardUrlBase, stopBefore, on_duplicate, match_on, stopAtDuplicate } = options;
  const { json = null, taskId = null, seq = null } = rows;
  const parameters = [json, owner, cardUrlBase, stopBefore, taskId, seq];
  const isPlain = areIndependent(options);
  if (!isPlain) await queryRows(tx, OWNER_LOCK, [owner]);
  const [answer] = isPlain
    ? await queryRows<Answer>(tx, INSERT, parameters)
    : await queryRows<Answer>(tx, MATCH, [...parameters, on_duplicate, match_on, stopAtDuplicate]);
  if (!answer) throw new Error('The storing statement gave no answer');
  const { imported, updated, skipped, decided, duplicates, published } = answer;
  const counted = imported + updated + skipped + (duplicates?.length ?? 0);
  if (decided !== undefined && counted !== decided)
    throw new CardsChangedError('A card was removed meanwhile');
  return { imported, updated, skipped, duplicates: duplicates ?? [], published: published ?? [] };
}
