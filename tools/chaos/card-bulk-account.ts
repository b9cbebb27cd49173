import pg from 'pg';
import type { Rig } from './rig.ts';

/** What the tables hold of one owner. */
export interface CardAccount {
  readonly cards: number;
  readonly distinctCards: number;
  readonly published: number;
  /** Entries of the ledger, and how many cards they are for. */
  readonly entries: number;
  readonly rewardedCards: number;
  readonly earned: number;
  readonly balance: number;
  /** Entries whose running balance is not the sum up to them. */
  readonly wrongSteps: number;
  /** Published cards without a reward. */
  readonly unrewarded: number;
  /** Cards that committed events tell of, and how many of them are different. */
  readonly told: number;
  readonly distinctTold: number;
}

const ACCOUNT = `
  WITH entry AS (
    SELECT *, sum(amount) OVER (ORDER BY id) AS running FROM card_bulk.extropy_ledger WHERE to_user = $1
  ), told AS (
    SELECT card ->> 'card_id' AS card_id FROM card_bulk.outbox, json_array_elements(data -> 'cards') AS card
    WHERE event = 'card.published.v1' AND key = $1
  ), held AS (SELECT * FROM card_bulk.cards WHERE owner = $1)
  SELECT (SELECT count(*) FROM held)::int AS cards,
    (SELECT count(DISTINCT external_id) FROM held)::int AS "distinctCards",
    (SELECT count(*) FROM held WHERE is_published)::int AS published,
    (SELECT count(*) FROM entry)::int AS entries,
    (SELECT count(DISTINCT card_id) FROM entry)::int AS "rewardedCards",
    (SELECT coalesce(sum(amount), 0) FROM entry)::float8 AS earned,
    (SELECT coalesce(sum(balance), 0) FROM card_bulk.extropy_balances WHERE owner = $1)::float8 AS balance,
    (SELECT count(*) FROM entry WHERE running <> to_balance_after)::int AS "wrongSteps",
    (SELECT count(*) FROM held WHERE is_published AND id NOT IN (SELECT card_id FROM entry))::int AS unrewarded,
    (SELECT count(*) FROM told)::int AS told,
    (SELECT count(DISTINCT card_id) FROM told)::int AS "distinctTold"`;

/** Asks the database past the services. @throws whatever the connection does while the database is away */
async function ask<Row extends pg.QueryResultRow>(
  { postgres }: Pick<Rig, 'postgres'>,
  statement: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: postgres.adminUrl, connectionTimeoutMillis: 2_000 });
  client.on('error', () => {
    // The database may be killed under us: the query says so too.
  });
  await client.connect();
  try {
    return (await client.query<Row>(statement, [...values])).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** What the tables hold of one owner. */
export async function cardAccount(rig: Rig, owner: string): Promise<CardAccount> {
  const [row] = await ask<CardAccount & pg.QueryResultRow>(rig, ACCOUNT, [owner]);
  if (!row) throw new Error('no account');
  return row;
}

/** Cards of an owner just now; undefined while the database is away. */
export async function cardsNow(rig: Rig, owner: string): Promise<number | undefined> {
  const rows = await ask<{ cards: number }>(
    rig,
    'SELECT count(*)::int AS cards FROM card_bulk.cards WHERE owner = $1',
    [owner],
  ).catch(() => []);
  return rows[0]?.cards;
}

/** Events of the whole service that no broker has confirmed yet. */
export async function unsentEvents(rig: Rig): Promise<number> {
  const [row] = await ask<{ unsent: number }>(
    rig,
    'SELECT count(*)::int AS unsent FROM card_bulk.outbox WHERE published_at IS NULL',
  );
  return row?.unsent ?? 0;
}

/** How an account differs from what has to be: one sentence a fault. */
export function cardFaults(
  account: CardAccount,
  { good, published }: { readonly good: number; readonly published: number },
): string[] {
  const wanted: CardAccount = {
    cards: good,
    distinctCards: good,
    published,
    entries: published,
    rewardedCards: published,
    earned: published,
    balance: published,
    wrongSteps: 0,
    unrewarded: 0,
    told: published,
    distinctTold: published,
  };
  return (Object.keys(wanted) as (keyof CardAccount)[])
    .filter((name) => account[name] !== wanted[name])
    .map((name) => `${name} is ${String(account[name])} instead of ${String(wanted[name])}`);
}
