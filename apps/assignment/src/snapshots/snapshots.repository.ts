import { Database, queryRows, type Tx } from '@hornbook/database';
import { Injectable } from '@nestjs/common';
import type { SnapshotDiffItem, SnapshotRequest, SnapshotView } from './snapshots.schemas.js';

/** A snapshot as the database hands it over. */
export type SnapshotRow = Omit<SnapshotView, 'schemaVersion' | 'filters' | 'createdAt' | 'snapshotAt'> & {
  readonly datasets: string[];
  readonly tags: string[];
  readonly createdAt: Date;
  readonly snapshotAt: Date | null;
};

/** What two snapshots say of one item; `contents` of both sides when it changed. */
export type DiffRow = Omit<SnapshotDiffItem, 'fields' | 'change'> & {
  readonly fromContent: string | null;
  readonly toContent: string | null;
};

/** Place in a snapshot: dataset and id. */
export type ItemKey = readonly [string, string];

const COLUMNS = `id, status, datasets, tags, note, created_by AS "createdBy", created_at AS "createdAt",
  snapshot_at AS "snapshotAt", dataset_names AS "datasetNames", item_count AS count, bytes::float8 AS bytes, hash, failure`;

const CREATE = `
  INSERT INTO snapshots (id, datasets, tags, note, created_by) SELECT $1, $2, $3, $4, $5
  WHERE (SELECT count(*) FROM snapshots WHERE status = 'building') < $6
  RETURNING ${COLUMNS}`;

// The contents of a page are looked up one by one: joined, the planner would rather read the whole table for each page.
const CONTENTS = `
  WITH page AS MATERIALIZED (
    SELECT dataset, id, hash FROM snapshot_items
    WHERE snapshot_id = $1 AND (dataset, id) > ($2, $3) ORDER BY dataset, id LIMIT $4
  )
  SELECT dataset, id, (SELECT content FROM snapshot_contents WHERE snapshot_contents.hash = page.hash) AS content
  FROM page ORDER BY dataset, id`;

const side = (snapshot: string, after = ''): string =>
  `(SELECT dataset, id, version, hash FROM snapshot_items WHERE snapshot_id = ${snapshot} ${after})`;
const AFTER = 'AND (dataset, id) > ($3, $4)';

/* Most items of two snapshots are the same: one pass over both is less than a look-up for each. */
const DIFF = `
  WITH differing AS MATERIALIZED (
    SELECT dataset, id, o.version AS from_version, n.version AS to_version, o.hash AS from_hash, n.hash AS to_hash
    FROM ${side('$1', AFTER)} AS o FULL JOIN ${side('$2', AFTER)} AS n USING (dataset, id)
    WHERE o.hash IS DISTINCT FROM n.hash AND ($5::text IS NULL
      OR $5 = CASE WHEN o.hash IS NULL THEN 'added' WHEN n.hash IS NULL THEN 'removed' ELSE 'changed' END)
    ORDER BY dataset, id LIMIT $6
  )
  SELECT dataset, id, from_version AS "fromVersion", to_version AS "toVersion", encode(from_hash, 'hex') AS "fromHash",
    encode(to_hash, 'hex') AS "toHash",
    (SELECT content FROM snapshot_contents WHERE hash = from_hash AND to_hash IS NOT NULL) AS "fromContent",
    (SELECT content FROM snapshot_contents WHERE hash = to_hash AND from_hash IS NOT NULL) AS "toContent"
  FROM differing ORDER BY dataset, id`;

const COUNTS = `
  SELECT count(*) FILTER (WHERE o.hash IS NULL)::integer AS added, count(*) FILTER (WHERE n.hash IS NULL)::integer AS removed,
    count(*) FILTER (WHERE o.hash <> n.hash)::integer AS changed, count(*) FILTER (WHERE o.hash = n.hash)::integer AS unchanged
  FROM ${side('$1')} AS o FULL JOIN ${side('$2')} AS n USING (dataset, id)`;

/** The statements of snapshots, but for those that fill them. */
@Injectable()
export class SnapshotsRepository {
  constructor(private readonly database: Database) {}

  /** Names that are no dataset's. */
  async unknownDatasets(tx: Tx, names: readonly string[]): Promise<string[]> {
    const rows = await queryRows<{ name: string }>(
      tx,
      `SELECT name FROM unnest($1::text[]) AS wanted (name)
       WHERE NOT EXISTS (SELECT FROM datasets WHERE datasets.name = wanted.name)`,
      [names],
    );
    return rows.map(({ name }) => name);
  }

  /** A snapshot still to be built. @returns undefined when `most` are being built already */
  async create(
    tx: Tx,
    id: string,
    { datasets, tags, note }: SnapshotRequest,
    caller: string,
    most: number,
  ): Promise<SnapshotRow | undefined> {
    const parameters = [id, datasets, tags, note ?? null, caller, most];
    const [row] = await queryRows<SnapshotRow>(tx, CREATE, parameters);
    return row;
  }

  /** A snapshot, or undefined. */
  async find(id: string): Promise<SnapshotRow | undefined> {
    const [row] = await this.database.query<SnapshotRow>(`SELECT ${COLUMNS} FROM snapshots WHERE id = $1`, [
      id,
    ]);
    return row;
  }

  /** Snapshots, newest first. */
  async list(status: string | undefined, before: string | undefined, limit: number): Promise<SnapshotRow[]> {
    return this.database.query<SnapshotRow>(
      `SELECT ${COLUMNS} FROM snapshots WHERE ($1::text IS NULL OR status = $1) AND ($2::uuid IS NULL OR id < $2)
       ORDER BY id DESC LIMIT $3`,
      [status ?? null, before ?? null, limit],
    );
  }

  /** Items of a snapshot after a place, as canonical JSON, in order. */
  async contents(
    id: string,
    [dataset, after]: ItemKey,
    limit: number,
  ): Promise<{ dataset: string; id: string; content: string }[]> {
    return this.database.query(CONTENTS, [id, dataset, after, limit]);
  }

  /** What `to` holds otherwise than `from`, after a place, in order. */
  async diff(
    from: string,
    to: string,
    { after: [dataset, id], change, limit }: { after: ItemKey; change: string | undefined; limit: number },
  ): Promise<DiffRow[]> {
    return this.database.query<DiffRow>(DIFF, [from, to, dataset, id, change ?? null, limit]);
  }

  /** How many items two snapshots hold alike and not alike. */
  async counts(
    from: string,
    to: string,
  ): Promise<{ added: number; removed: number; changed: number; unchanged: number } | undefined> {
    const [row] = await this.database.query<{
      added: number;
      removed: number;
      changed: number;
      unchanged: number;
    }>(COUNTS, [from, to]);
    return row;
  }
}
