import { Database, queryRows, type Tx } from '@hornbook/database';
import { Injectable } from '@nestjs/common';
import type { ItemContent } from '../items/item-content.js';
import type { Answer } from './answer.js';
import type { Verdict } from './reviews.schemas.js';
import { SLOT_COLUMNS, type SlotRow } from './slot-row.js';

/** A held slot with the address of its item. */
export type HeldSlot = SlotRow & {
  readonly pk: string;
  readonly id: string;
  readonly dataset: string;
  readonly bucket: string;
  readonly itemVersion: number;
  /** When it was taken, microseconds: what a page goes on from. */
  readonly micros: string;
};

const JOINED = 'review_slots AS s JOIN review_rounds AS r ON r.item_pk = s.item_pk AND r.round = s.round';
const KEY = 's.item_pk = $1 AND s.round = $2 AND s.slot = $3';

const SAVE = `
  WITH saved AS (
    UPDATE review_slots AS s SET edits = $4::jsonb, comment = $5, version = s.version + 1,
      lease_expires_at = now() + (SELECT make_interval(mins => lease_minutes) FROM datasets WHERE id = s.dataset_id)
    WHERE ${KEY} RETURNING s.*
  ), logged AS (
    INSERT INTO review_events (item_pk, round, slot, action, reviewer, actor, edits)
    SELECT item_pk, round, slot, 'saved', reviewer, $6, edits FROM saved
  )
  SELECT ${SLOT_COLUMNS} FROM saved AS s JOIN review_rounds AS r ON r.item_pk = s.item_pk AND r.round = s.round`;

const SUBMIT = `
  WITH submitted AS (
    UPDATE review_slots AS s SET edits = $4::jsonb, comment = $5, verdict = $6, label = $7, answer_hash = decode($8, 'hex'),
      submitted_at = now(), lease_expires_at = NULL, version = s.version + 1
    WHERE ${KEY} RETURNING s.*
  ), logged AS (
    INSERT INTO review_events (item_pk, round, slot, action, reviewer, actor, edits)
    SELECT item_pk, round, slot, 'submitted', reviewer, $9, edits FROM submitted
  )
  SELECT ${SLOT_COLUMNS} FROM submitted AS s JOIN review_rounds AS r ON r.item_pk = s.item_pk AND r.round = s.round`;

const RESOLVE = `
  WITH resolved AS (
    UPDATE review_rounds SET state = $3, outcome = $4, resolved_by = $5, note = $6,
      closed_at = coalesce(closed_at, now())
    WHERE item_pk = $1 AND round = $2
  )
  UPDATE review_slots SET open = false WHERE item_pk = $1 AND round = $2 AND open AND $3 <> 'disputed'`;

const MINE = `
  SELECT ${SLOT_COLUMNS}, i.pk, i.id, d.name AS dataset, i.bucket, st.version AS "itemVersion",
    (extract(epoch FROM s.claimed_at) * 1000000)::bigint::text AS micros
  FROM ${JOINED} JOIN items AS i ON i.pk = s.item_pk JOIN datasets AS d ON d.id = i.dataset_id
    JOIN item_states AS st ON st.item_pk = s.item_pk
  WHERE s.reviewer = $1 AND s.submitted_at IS NULL AND s.open
    AND (s.claimed_at, s.item_pk) > (timestamptz 'epoch' + $2 * interval '1 microsecond', $3)
  ORDER BY s.claimed_at, s.item_pk LIMIT $4`;

const DISPUTED = `
  SELECT item_pk AS pk, round, (extract(epoch FROM closed_at) * 1000000)::bigint::text AS micros
  FROM review_rounds WHERE state = 'disputed' AND ($1::integer IS NULL OR dataset_id = $1)
    AND (closed_at, item_pk) > (timestamptz 'epoch' + $2 * interval '1 microsecond', $3)
  ORDER BY closed_at, item_pk LIMIT $4`;

/** Names a slot. */
export interface SlotKey {
  readonly itemPk: string;
  readonly round: number;
  readonly slot: number;
}

/** The statements of reviews and adjudication. What changes an item is not here but in its transitions. */
@Injectable()
export class ReviewsRepository {
  constructor(private readonly database: Database) {}

  /** The caller's slot of an item, of the newest round in which there is one. `tx` has to hold the item's lock. */
  async slotOf(tx: Tx, itemPk: string, reviewer: string): Promise<SlotRow | undefined> {
    const [slot] = await queryRows<SlotRow>(
      tx,
      `SELECT ${SLOT_COLUMNS} FROM ${JOINED} WHERE s.item_pk = $1 AND s.reviewer = $2
       ORDER BY s.round DESC LIMIT 1 FOR UPDATE OF s`,
      [itemPk, reviewer],
    );
    return slot;
  }

  /** All slots of items, by item, newest round first. */
  async slots(tx: Tx, itemPks: readonly string[], round?: number): Promise<(SlotRow & { pk: string })[]> {
    return queryRows<SlotRow & { pk: string }>(
      tx,
      `SELECT s.item_pk AS pk, ${SLOT_COLUMNS} FROM ${JOINED} WHERE s.item_pk = ANY ($1::bigint[])
         AND ($2::integer IS NULL OR s.round = $2)
       ORDER BY s.item_pk, s.round DESC, s.slot`,
      [itemPks, round ?? null],
    );
  }

  /** Keeps what a reviewer has written so far, and renews the lease. */
  async save(
    tx: Tx,
    { itemPk, round, slot }: SlotKey,
    draft: { readonly edits: ItemContent; readonly note: string | null; readonly actor: string },
  ): Promise<SlotRow> {
    const { edits, note, actor } = draft;
    const [saved] = await queryRows<SlotRow>(tx, SAVE, [
      itemPk,
      round,
      slot,
      JSON.stringify(edits),
      note,
      actor,
    ]);
    return mustBe(saved);
  }

  /** Fills a slot. */
  async submit(
    tx: Tx,
    { itemPk, round, slot }: SlotKey,
    review: {
      readonly verdict: Verdict;
      readonly answer: Answer;
      readonly edits: ItemContent;
      readonly note: string | null;
      readonly actor: string;
    },
  ): Promise<SlotRow> {
    const { verdict, answer, edits, note, actor } = review;
    const parameters = [
      itemPk,
      round,
      slot,
      JSON.stringify(edits),
      note,
      verdict,
      answer.label,
      answer.hash,
      actor,
    ];
    const [submitted] = await queryRows<SlotRow>(tx, SUBMIT, parameters);
    return mustBe(submitted);
  }

  /** Says how a round ended. */
  async resolve(
    tx: Tx,
    { itemPk, round }: { readonly itemPk: string; readonly round: number },
    end: {
      readonly state: 'agreed' | 'disputed' | 'adjudicated';
      readonly outcome: Verdict | 'again' | null;
      readonly by: string | null;
      readonly note?: string | null;
    },
  ): Promise<void> {
    await queryRows(tx, RESOLVE, [itemPk, round, end.state, end.outcome, end.by, end.note ?? null]);
  }

  /** Notes in an item's review history that a round was adjudicated. */
  async logAdjudication(
    tx: Tx,
    itemPk: string,
    round: number,
    actor: string,
    note: string | null,
  ): Promise<void> {
    await queryRows(
      tx,
      `INSERT INTO review_events (item_pk, round, action, actor, reason) VALUES ($1, $2, 'adjudicated', $3, $4)`,
      [itemPk, round, actor, note],
    );
  }

  /** Notes that somebody passed an item on, so that it is not served to them again. */
  async logSkip(tx: Tx, itemPk: string, reviewer: string, reason: string | null): Promise<void> {
    await queryRows(
      tx,
      `INSERT INTO item_skips (user_id, item_pk, reason) VALUES ($1, $2, $3)
       ON CONFLICT (item_pk, user_id) DO UPDATE SET reason = excluded.reason, skipped_at = excluded.skipped_at`,
      [reviewer, itemPk, reason],
    );
  }

  /** Whether an item got other content after this version. */
  async isEditedSince(tx: Tx, itemPk: string, version: number): Promise<boolean> {
    const rows = await queryRows(
      tx,
      `SELECT FROM item_events WHERE item_pk = $1 AND version > $2 AND changes IS NOT NULL AND changes <> '{}' LIMIT 1`,
      [itemPk, version],
    );
    return rows.length > 0;
  }

  /** Whether somebody has passed an item on. */
  async hasSkipped(tx: Tx, itemPk: string, reviewer: string): Promise<boolean> {
    const rows = await queryRows(tx, 'SELECT FROM item_skips WHERE user_id = $1 AND item_pk = $2', [
      reviewer,
      itemPk,
    ]);
    return rows.length > 0;
  }

  /** Slots that a reviewer holds after a place, oldest first. */
  async mine(reviewer: string, [micros, pk]: readonly [number, string], limit: number): Promise<HeldSlot[]> {
    return this.database.query<HeldSlot>(MINE, [reviewer, micros, pk, limit]);
  }

  /** Disputed rounds after a place, longest waiting first. */
  async disputed(
    datasetId: number | null,
    [micros, pk]: readonly [number, string],
    limit: number,
  ): Promise<{ pk: string; round: number; micros: string }[]> {
    return this.database.query(DISPUTED, [datasetId, micros, pk, limit]);
  }

  /** Minutes after which a slot of a dataset goes back to the pool by itself; null for never. */
  async leaseMinutes(tx: Tx, datasetId: number): Promise<number | null> {
    const [row] = await queryRows<{ minutes: number | null }>(
      tx,
      'SELECT lease_minutes AS minutes FROM datasets WHERE id = $1',
      [datasetId],
    );
    return row?.minutes ?? null;
  }

  /** Number of a dataset, or undefined. */
  async datasetId(name: string): Promise<number | undefined> {
    const [row] = await this.database.query<{ id: number }>('SELECT id FROM datasets WHERE name = $1', [
      name,
    ]);
    return row?.id;
  }
}

function mustBe(row: SlotRow | undefined): SlotRow {
  if (!row) throw new Error('a slot that was locked is gone');
  return row;
}
