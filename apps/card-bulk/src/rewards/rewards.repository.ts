import { Database, queryRows, type Tx } from '@hornbook/database';
import { Injectable } from '@nestjs/common';

/** $EXTROPY for a card that is published (seed 002). Written by one statement below; the type of the entry is `earn`. */
export const PUBLISHING_REWARD = '1.00000000';

/** A card that was published. */
export interface PublishedCard {
  readonly id: string;
  readonly title: string;
}

/** An entry of the ledger as the database hands it over. */
export interface LedgerRow {
  readonly id: string;
  readonly from_user: string | null;
  readonly to_user: string;
  readonly amount: string;
  readonly type: 'earn' | 'transfer' | 'reward' | 'attribution';
  readonly card_id: string | null;
  readonly balance_after: string;
  readonly description: string;
  readonly metadata: Record<string, unknown>;
  readonly created_at: Date;
}

/*
 * One statement whatever the number of cards. The balance row is locked by the UPSERT before the entries' ids are
 * drawn, so that an owner's entries have ids in the order of the running balance. Cards that were rewarded before are
 * left out; should another transaction reward the same card at this very moment, the unique key refuses the later of
 * the two as a whole, and its work is done again. `OFFSET 0` has each card looked up in the index of that key: as a join
 * it reads the whole ledger for every chunk, until the table has been analysed (measured: 14 to 190 ms instead of 8).
 */
const AWARD = `
  WITH card AS MATERIALIZED (
    SELECT id, title, row_number() OVER (ORDER BY position) AS place
    FROM unnest($2::uuid[], $3::text[]) WITH ORDINALITY AS given (id, title, position)
    WHERE NOT EXISTS (
      SELECT FROM extropy_ledger AS entry WHERE entry.card_id = given.id AND entry.type = 'earn' OFFSET 0)
  ), earned AS (
    SELECT count(*) AS cards FROM card
  ), balance AS (
    INSERT INTO extropy_balances (owner, balance)
    SELECT $1, cards * $5::numeric FROM earned WHERE cards > 0
    ON CONFLICT (owner) DO UPDATE SET balance = extropy_balances.balance + excluded.balance, updated_at = now()
    RETURNING balance
  ), entry AS (
    INSERT INTO extropy_ledger (to_user, amount, type, card_id, to_balance_after, description, metadata)
    SELECT $1, $5::numeric, 'earn', card.id, balance - (cards - place) * $5::numeric, 'Published card: ' || title, $4::jsonb
    FROM card, earned, balance ORDER BY place
  )
  SELECT cards::integer AS awarded FROM earned`;

/** The ledger of $EXTROPY. Entries are only ever added, by `award` alone. */
@Injectable()
export class RewardsRepository {
  constructor(private readonly database: Database) {}

  /**
   * Rewards an owner for cards that this transaction published, each card once in its life.
   * @param metadata kept with each entry
   * @returns how many were rewarded
   */
  async award(
    tx: Tx,
    owner: string,
    cards: readonly PublishedCard[],
    metadata: Readonly<Record<string, unknown>>,
  ): Promise<number> {
    if (cards.length === 0) return 0;
    const [row] = await queryRows<{ awarded: number }>(tx, AWARD, [
      owner,
      cards.map(({ id }) => id),
      cards.map(({ title }) => title),
      JSON.stringify(metadata),
      PUBLISHING_REWARD,
    ]);
    return row?.awarded ?? 0;
  }

  /** What an owner has: a decimal with eight places. */
  async balance(owner: string): Promise<{ balance: string; updated_at: Date | null }> {
    const [row] = await this.database.query<{ balance: string; updated_at: Date }>(
      'SELECT balance, updated_at FROM extropy_balances WHERE owner = $1',
      [owner],
    );
    return row ?? { balance: '0.00000000', updated_at: null };
  }

  /** Entries in an owner's favour, newest first. @param before id of the last one of the page before */
  async ledger(owner: string, before: string | undefined, limit: number): Promise<LedgerRow[]> {
    return this.database.query<LedgerRow>(
      `SELECT id, from_user, to_user, amount, type, card_id, to_balance_after AS balance_after, description, metadata, created_at
       FROM extropy_ledger WHERE to_user = $1 AND id < coalesce($2::bigint, 9223372036854775807) ORDER BY id DESC LIMIT $3`,
      [owner, before ?? null, limit],
    );
  }
}
