import { once } from 'node:events';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { v7 as uuidv7 } from 'uuid';
import { benchCard } from './card-rows.ts';

// What a database administrator would do: the same rows by COPY into the same tables with the same indexes, the ledger
// and the balance in the same transaction. No validation, no duplicates looked for, no task, no events.

/** Cards of one transaction. */
const BATCH = 10_000;

const COPY_CARDS = `COPY card_bulk.cards (id, owner, title, body, category, privacy_level, tags, source_platform, source_url,
  external_id, is_published, published_url, metadata, published_at) FROM STDIN`;
const COPY_LEDGER = `COPY card_bulk.extropy_ledger (to_user, amount, type, card_id, to_balance_after, description, metadata) FROM STDIN`;
const ADD_TO_BALANCE = `INSERT INTO card_bulk.extropy_balances (owner, balance) VALUES ($1, $2)
  ON CONFLICT (owner) DO UPDATE SET balance = extropy_balances.balance + excluded.balance, updated_at = now()`;

/** Rows of one transaction as COPY reads them. */
export interface CopyBatch {
  readonly cards: string;
  readonly ledger: string;
  readonly published: number;
}

/** Cards `first` to `first + count - 1` of a run as text for COPY. @param balance what the owner has before them */
export function copyBatch(
  owner: string,
  run: string,
  { first, count, balance }: { readonly first: number; readonly count: number; readonly balance: number },
): CopyBatch {
  let cards = '';
  let ledger = '';
  let published = 0;
  const now = new Date().toISOString();
  for (let index = first; index < first + count; index++) {
    const { title, body, category, privacy, sourceUrl, externalId, metadata } = benchCard(run, index);
    const id = uuidv7();
    const isPublished = privacy === 'BUSINESS';
    const slug = title.toLowerCase().replace(/[ _]+/g, '-').replaceAll(',', '').slice(0, 60);
    const url = isPublished ? `https://extrophi.ai/cards/${slug}-${id.slice(-8)}` : '\\N';
    cards += `${id}\t${owner}\t${title}\t${body}\t${category}\t${privacy}\t{business,growth}\ttwitter\t${sourceUrl}\t${externalId}\t${isPublished ? 't' : 'f'}\t${url}\t${metadata}\t${isPublished ? now : '\\N'}\n`;
    if (!isPublished) continue;
    published++;
    ledger += `${owner}\t1.00000000\tearn\t${id}\t${String(balance + published)}.00000000\tPublished card: ${title}\t{"bulk_import": true}\n`;
  }
  return { cards, ledger, published };
}

async function copyIn(client: pg.Client, statement: string, text: string): Promise<void> {
  const stream = client.query(copyFrom(statement));
  stream.end(text);
  await once(stream, 'finish');
}

/** Writes one batch: one transaction. */
export async function writeCopyBatch(client: pg.Client, owner: string, batch: CopyBatch): Promise<void> {
  await client.query('BEGIN');
  await copyIn(client, COPY_CARDS, batch.cards);
  await copyIn(client, COPY_LEDGER, batch.ledger);
  await client.query(ADD_TO_BALANCE, [owner, batch.published]);
  await client.query('COMMIT');
}

/** Writes `count` cards of a new owner, made on the way. @returns seconds */
export async function copyCards(
  client: pg.Client,
  owner: string,
  run: string,
  count: number,
): Promise<number> {
  const started = performance.now();
  let balance = 0;
  for (let first = 0; first < count; first += BATCH) {
    const batch = copyBatch(owner, run, { first, count: Math.min(BATCH, count - first), balance });
    await writeCopyBatch(client, owner, batch);
    balance += batch.published;
  }
  return (performance.now() - started) / 1_000;
}

const time = (column: string): string =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS ${column}`;
/** Members of an exported card in the order of every export. */
const EXPORTED = `id, title, body, category, privacy_level, tags, source_platform, source_url, is_published, published_url,
  ${time('created_at')}, ${time('published_at')}, ${time('updated_at')}, external_id, content_id, parent_card_id,
  related_card_ids, metadata`;

/** Reads an owner's cards by COPY TO, in the order of an export. @returns seconds */
export async function copyOut(client: pg.Client, owner: string, format: 'ndjson' | 'csv'): Promise<number> {
  const cards = `SELECT ${EXPORTED} FROM card_bulk.cards WHERE owner = ${client.escapeLiteral(owner)} AND deleted_at IS NULL ORDER BY cards.id`;
  const statement =
    format === 'csv'
      ? `COPY (${cards}) TO STDOUT (FORMAT csv, HEADER)`
      : `COPY (SELECT row_to_json(card) FROM (${cards}) AS card) TO STDOUT`;
  const started = performance.now();
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  await pipeline(client.query(copyTo(statement)), nowhere);
  return (performance.now() - started) / 1_000;
}
