import { GroundTruthApproved, GroundTruthImported } from '@hornbook/contracts';
import { queryRows, type Tx } from '@hornbook/database';
import { Outbox } from '@hornbook/messaging';
import { Injectable } from '@nestjs/common';
import { setImmediate } from 'node:timers/promises';
import type { DatasetPolicy } from '../datasets/datasets.js';
import { placeInPool } from '../items/claim-items.sql.js';
import { SHARD, WORK_SHARD } from '../items/counters.sql.js';
import { isSame, questionHashOf, searchOf, withEdits } from '../items/item-content.js';
import { lockItems } from '../items/item-states.js';
import type { ItemRow } from '../items/item.js';
import { Transitions } from '../items/transitions.js';
import { reconcileRounds } from '../reviews/slots.js';
import type { ConflictPolicy } from './imports.schemas.js';
import type { NewItem } from './screen-items.js';

/** Items of one dataset to be stored. */
export interface StoreRequest {
  readonly dataset: Pick<DatasetPolicy, 'id' | 'name' | 'requiredReviews'>;
  readonly items: readonly NewItem[];
  readonly actor: string;
  readonly user: string;
  readonly onConflict: ConflictPolicy;
  /** Stores them as approved; the caller has seen to it that they are complete. */
  readonly approve?: boolean;
}

/** What became of them, by place in the request. */
export interface Stored {
  readonly imported: readonly { readonly index: number; readonly pk: string }[];
  readonly updated: readonly number[];
  /** Their ids are taken and they were left alone. */
  readonly taken: readonly number[];
  /** They were to be updated, but are approved or deleted. */
  readonly closed: readonly number[];
}

/*
 * Keys are drawn in the order of the request, rows are written in that of their ids: so that two imports of the same
 * ids wait for each other in one order only. What is taken is told by its absence. Version 1 has no history row: the item itself tells who imported it and when.
 */
const STORE = `
  WITH given AS MATERIALIZED (
    SELECT nextval('items_pk_seq') AS pk, given.* FROM jsonb_to_recordset($1::jsonb) AS given (place integer, id text, bucket uuid, content jsonb,
      tags text[], question_hash bigint, search tsvector, priority smallint, due_at timestamptz)
  ), stored AS (
    INSERT INTO items (pk, dataset_id, id, bucket, content, tags, question_hash, search, created_by)
    OVERRIDING SYSTEM VALUE
    SELECT pk, $2::integer, id, bucket, content, tags, question_hash, search, $3 FROM given ORDER BY id
    ON CONFLICT (dataset_id, id) DO NOTHING
    RETURNING pk
  ), fresh AS MATERIALIZED (
    SELECT given.pk, given.place, given.tags, given.priority, given.due_at FROM stored JOIN given USING (pk)
  ), states AS (
    INSERT INTO item_states
      (item_pk, dataset_id, status, priority, rnd, due_at, author, updated_by, tags, reviewed_at, reviewed_by)
    SELECT pk, $2::integer, $5::item_status, priority, ${placeInPool('pk')}, due_at, $4, $3, tags,
      CASE WHEN $5 = 'approved' THEN now() END, CASE WHEN $5 = 'approved' THEN $3 END
    FROM fresh ORDER BY pk
  ), counted AS (
    INSERT INTO item_counts AS c (dataset_id, tag, state, shard, items)
    SELECT $2::integer, tag, $5, ${SHARD}, count(*)
    FROM (SELECT '' AS tag FROM fresh UNION ALL SELECT unnest(tags) FROM fresh) AS tags
    GROUP BY tag ORDER BY tag
    ON CONFLICT (dataset_id, tag, state, shard) DO UPDATE SET items = c.items + excluded.items
  ), worked AS (
    INSERT INTO action_counts AS a (day, dataset_id, user_id, action, shard, items, seconds)
    SELECT (now() AT TIME ZONE 'UTC')::date, $2::integer, $4, 'imported', ${WORK_SHARD}, count(*), 0
    FROM fresh HAVING count(*) > 0
    ON CONFLICT (day, dataset_id, user_id, action, shard) DO UPDATE SET items = a.items + excluded.items
  )
  SELECT place AS index, pk FROM fresh ORDER BY place`;

/** Stores items: one statement for each thousand, whatever their number. */
@Injectable()
export class ItemImports {
  constructor(
    private readonly outbox: Outbox,
    private readonly transitions: Transitions,
  ) {}

  /** Stores items of one dataset in the caller's transaction. Nothing that exists is overwritten unless `update` says so. */
  async store(tx: Tx, request: StoreRequest): Promise<Stored> {
    const { dataset, items, actor, user, onConflict, approve = false } = request;
    const imported: { index: number; pk: string }[] = [];
    const status = approve ? 'approved' : 'draft';
    let given = await textOf(items.slice(0, CHUNK));
    for (let start = 0; start < items.length; start += CHUNK) {
      const [rows, next] = await Promise.all([
        queryRows<{ index: number; pk: string }>(tx, STORE, [given, dataset.id, actor, user, status]),
        textOf(items.slice(start + CHUNK, start + 2 * CHUNK)),
      ]);
      imported.push(...rows);
      given = next;
    }
    if (dataset.requiredReviews > 1 && imported.length > 0) {
      await reconcileRounds(
        tx,
        imported.map(({ pk }) => pk),
      );
    }
    const fresh = new Set(imported.map(({ index }) => index));
    const existing = items.filter(({ index }) => !fresh.has(index));
    const { updated, closed } =
      onConflict === 'update' ? await this.update(tx, request, existing) : { updated: [], closed: [] };
    await this.publish(
      tx,
      request,
      items.filter(({ index }) => fresh.has(index)),
    );
    const touched = new Set([...updated, ...closed]);
    const taken = existing.map(({ index }) => index).filter((index) => !touched.has(index));
    return { imported, updated, taken, closed };
  }

  /** Brings the content of existing items in line where it differs; their status and holder stay. */
  private async update(
    tx: Tx,
    { dataset, actor, user }: StoreRequest,
    existing: readonly NewItem[],
  ): Promise<{ updated: number[]; closed: number[] }> {
    const byId = new Map(existing.map((item) => [item.id, item]));
    const updated: number[] = [];
    const closed: number[] = [];
    for (let start = 0; start < existing.length; start += CHUNK) {
      const chunk = existing.slice(start, start + CHUNK);
      const locked = await lockItems(
        tx,
        chunk.map(({ id }) => ({ dataset: dataset.name, id })),
      );
      const open = locked.filter(({ status }) => status === 'draft' || status === 'skipped');
      const targets = open.flatMap((item) => {
        const content = withEdits(item.content, byId.get(item.id)?.content ?? {});
        // A file sent again must not take the reviewers' etags away.
        return isSame(item.content, content) ? [] : [{ item, content }];
      });
      await this.transitions.apply(tx, { action: 'updated', actor, user }, targets);
      const placesOf = (items: readonly ItemRow[]): number[] =>
        items.flatMap(({ id }) => byId.get(id)?.index ?? []);
      updated.push(...placesOf(targets.map(({ item }) => item)));
      closed.push(...placesOf(locked.filter((item) => !open.includes(item))));
    }
    return { updated, closed };
  }

  private async publish(
    tx: Tx,
    { dataset, actor, approve }: StoreRequest,
    items: readonly NewItem[],
  ): Promise<void> {
    const changedAt = new Date().toISOString();
    const chunks = Array.from({ length: Math.ceil(items.length / CHUNK) }, (_, index) =>
      items.slice(index * CHUNK, (index + 1) * CHUNK),
    );
    await this.outbox.publishAll(
      tx,
      GroundTruthImported,
      chunks.map((chunk) => ({
        key: dataset.name,
        data: { dataset: dataset.name, ids: chunk.map(({ id }) => id), changedBy: actor, changedAt },
      })),
    );
    if (!approve) return;
    await this.outbox.publishAll(
      tx,
      GroundTruthApproved,
      items.map(({ id, bucket, content }) => ({
        key: `${dataset.name}/${id}`,
        data: {
          dataset: dataset.name,
          id,
          bucket,
          version: 1,
          payload: { ...content },
          changedBy: actor,
          changedAt,
        },
      })),
    );
  }
}

/** Items of one statement. */
const CHUNK = 1_000;

/** Rows for `STORE`; made when the statement before is on its way, so that both the database and this process are busy. */
async function textOf(items: readonly NewItem[]): Promise<string> {
  await setImmediate();
  return JSON.stringify(items.map(rowOf));
}

function rowOf({ index, id, bucket, content, tags, priority, dueAt }: NewItem): Record<string, unknown> {
  return {
    place: index,
    id,
    bucket,
    content,
    tags,
    question_hash: questionHashOf(content),
    search: searchOf(content),
    priority,
    due_at: dueAt,
  };
}
