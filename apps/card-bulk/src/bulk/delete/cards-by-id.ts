import { queryRows, type Tx } from '@hornbook/database';

/** What is done to cards that are named by their ids. */
export type CardOperation = 'soft_delete' | 'hard_delete' | 'restore';

/** What became of one chunk of ids; every id is in one of the counts. */
export interface OperatedCards {
  readonly done: number;
  /** Cards that were in that state already, repeated ids included. */
  readonly already: number;
  /** Positions within the chunk, from 0, of ids that are unknown or somebody else's. */
  readonly missing: readonly number[];
}

/*
 * The cards are found before any is written. Ids go in order, so that two requests for the same cards wait for each
 * other in one order only. A deleted card keeps its words, which no search shows.
 */
const FOUND = `given AS MATERIALIZED (
    SELECT id, position FROM unnest($1::uuid[]) WITH ORDINALITY AS given (id, position)
  ), found AS MATERIALIZED (
    SELECT id FROM cards WHERE id = ANY ($1::uuid[]) AND owner = $2 ORDER BY id FOR UPDATE
  )`;
const ANSWER = `SELECT (SELECT count(*)::integer FROM done) AS done,
    (SELECT count(*)::integer FROM given WHERE id IN (SELECT id FROM found)) AS known,
    (SELECT array_agg((position - 1)::integer ORDER BY position) FROM given WHERE id IS NULL OR id NOT IN (SELECT id FROM found)) AS missing`;

const STATEMENTS: Record<CardOperation, string> = {
  soft_delete: `WITH ${FOUND}, done AS (
    UPDATE cards SET deleted_at = now(), updated_at = now(), version = version + 1
    WHERE id IN (SELECT id FROM found) AND deleted_at IS NULL RETURNING id
  ) ${ANSWER}`,
  restore: `WITH ${FOUND}, done AS (
    UPDATE cards SET deleted_at = NULL, updated_at = now(), version = version + 1
    WHERE id IN (SELECT id FROM found) AND deleted_at IS NOT NULL RETURNING id
  ) ${ANSWER}`,
  hard_delete: `WITH ${FOUND}, words AS (
    DELETE FROM card_search WHERE card_id IN (SELECT id FROM found)
  ), done AS (
    DELETE FROM cards WHERE id IN (SELECT id FROM found) RETURNING id
  ) ${ANSWER}`,
};

/**
 * Deletes or restores cards of one owner: one statement. Doing it again changes nothing.
 * @param ids UUIDs; null stands for what was none
 */
export async function operateOnCards(
  tx: Tx,
  operation: CardOperation,
  owner: string,
  ids: readonly (string | null)[],
): Promise<OperatedCards> {
  const [row] = await queryRows<{ done: number; known: number; missing: number[] | null }>(
    tx,
    STATEMENTS[operation],
    [ids, owner],
  );
  const { done = 0, known = 0, missing = null } = row ?? {};
  return { done, already: known - done, missing: missing ?? [] };
}
