import { Database, queryRows, type Tx } from '@hornbook/database';
import { Injectable } from '@nestjs/common';
import { CARD_COLUMNS, cardListSql, type CardFilter } from './card-list-sql.js';
import type { CardView } from './cards.schemas.js';

type Times = 'created_at' | 'published_at' | 'updated_at' | 'deleted_at';

/** A card as the database hands it over. */
export type CardRow = Omit<CardView, Times> & {
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly published_at: Date | null;
  readonly deleted_at: Date | null;
};

/** Columns that a change may set. */
export type CardChange = Partial<
  Pick<
    CardRow,
    | 'title'
    | 'body'
    | 'category'
    | 'privacy_level'
    | 'tags'
    | 'source_platform'
    | 'source_url'
    | 'external_id'
    | 'content_id'
    | 'parent_card_id'
    | 'related_card_ids'
    | 'metadata'
    | 'is_published'
    | 'published_url'
    | 'published_at'
  >
>;

/** Puts the words of cards into the index. Locked, so that none is removed for good before its words are there. */
export const INDEX_WORDS = `
  INSERT INTO card_search (card_id, search)
  SELECT id, array_to_tsvector(ARRAY['owner ' || owner]) || to_tsvector('card_words', title || E'\\n' || body)
  FROM (SELECT id, owner, title, body FROM cards WHERE id = ANY ($1::uuid[]) ORDER BY id FOR KEY SHARE) AS card
  ON CONFLICT (card_id) DO UPDATE SET search = excluded.search`;

/** Reads cards, and changes one at a time. Many at once are the business of `bulk/`. */
@Injectable()
export class CardsRepository {
  constructor(private readonly database: Database) {}

  /** Cards of one owner, newest first. */
  async list(filter: CardFilter, limit: number): Promise<CardRow[]> {
    const { sql, parameters } = cardListSql(filter, limit);
    return this.database.query<CardRow>(sql, parameters);
  }

  /** One card, deleted or not; undefined when it is unknown or somebody else's. */
  async find(owner: string, id: string): Promise<CardRow | undefined> {
    const sql = `SELECT ${CARD_COLUMNS}, version FROM cards WHERE id = $1 AND owner = $2`;
    const [row] = await this.database.query<CardRow>(sql, [id, owner]);
    return row;
  }

  /** The same, locked until the transaction ends. */
  async findLocked(tx: Tx, owner: string, id: string): Promise<CardRow | undefined> {
    const sql = `SELECT ${CARD_COLUMNS}, version FROM cards WHERE id = $1 AND owner = $2 FOR UPDATE`;
    const [row] = await queryRows<CardRow>(tx, sql, [id, owner]);
    return row;
  }

  /** Sets columns of a locked card and what follows from them: version, time, words. */
  async change(tx: Tx, id: string, change: CardChange): Promise<CardRow> {
    const parameters: unknown[] = [id];
    // Names of members are our own; only values come from outside.
    const sets = Object.entries(change).map(([column, value]) => {
      const isJson = column === 'metadata';
      return `${column} = $${parameters.push(isJson ? JSON.stringify(value) : value)}${isJson ? '::jsonb' : ''}`;
    });
    const sql = `UPDATE cards SET ${[...sets, 'version = version + 1', 'updated_at = now()'].join(', ')}
      WHERE id = $1 RETURNING ${CARD_COLUMNS}, version`;
    const [row] = await queryRows<CardRow>(tx, sql, parameters);
    if (change.title !== undefined || change.body !== undefined) await queryRows(tx, INDEX_WORDS, [[id]]);
    return row as CardRow;
  }

  /** Marks a card as deleted, or removes it and its words. */
  async delete(tx: Tx, id: string, hard: boolean): Promise<void> {
    if (hard) {
      await queryRows(
        tx,
        'WITH words AS (DELETE FROM card_search WHERE card_id = $1) DELETE FROM cards WHERE id = $1',
        [id],
      );
    } else {
      await queryRows(
        tx,
        'UPDATE cards SET deleted_at = now(), updated_at = now(), version = version + 1 WHERE id = $1',
        [id],
      );
    }
  }
}
