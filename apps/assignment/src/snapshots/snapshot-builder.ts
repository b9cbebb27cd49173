import { createHash, type Hash } from 'node:crypto';
import { GroundTruthSnapshotCreated } from '@hornbook/contracts';
import { Database, queryRows, sqlState, type Tx } from '@hornbook/database';
import { Outbox } from '@hornbook/messaging';
import { Injectable, Logger } from '@nestjs/common';
import { canonicalJson } from './canonical-json.js';

/** Items read, hashed and stored at once: some megabytes. */
const BATCH = 1_000;
/** Tries before a snapshot is given up, and the pause before each further one, seconds. */
const MAX_ATTEMPTS = 3;
const PAUSE_SECONDS = 5;
const LOCK_NOT_AVAILABLE = '55P03';

interface Building {
  readonly id: string;
  readonly datasets: string[];
  readonly tags: string[];
  readonly created_by: string;
}

interface ApprovedItem {
  readonly dataset: string;
  readonly id: string;
  readonly bucket: string;
  readonly version: number;
  readonly content: Record<string, unknown>;
  readonly tags: string[];
}

const NEXT = `
  SELECT id, datasets, tags, created_by FROM snapshots
  WHERE status = 'building' AND next_attempt_at <= clock_timestamp()
  ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED`;

const APPROVED = `
  DECLARE approved NO SCROLL CURSOR FOR
  SELECT datasets.name AS dataset, items.id, items.bucket, item_states.version, items.content, items.tags
  FROM item_states JOIN items ON items.pk = item_states.item_pk JOIN datasets ON datasets.id = items.dataset_id
  WHERE item_states.status = 'approved' AND ($1::text[] = '{}' OR datasets.name = ANY ($1)) AND items.tags @> $2::text[]
  ORDER BY datasets.name COLLATE "C", items.id COLLATE "C"`;

const STORE = `
  WITH given AS MATERIALIZED (
    SELECT dataset, id, version, decode(hash, 'hex') AS hash, content
    FROM unnest($2::text[], $3::text[], $4::integer[], $5::text[], $6::text[]) AS given (dataset, id, version, hash, content)
  ), stored AS (
    INSERT INTO snapshot_contents (hash, content) SELECT DISTINCT ON (hash) hash, content FROM given
    ON CONFLICT (hash) DO NOTHING
  )
  INSERT INTO snapshot_items (snapshot_id, dataset, id, version, hash)
  SELECT $1::uuid, dataset, id, version, hash FROM given`;

const FINISH = `
  UPDATE snapshots SET status = 'ready', snapshot_at = now(), dataset_names = $2, item_count = $3, bytes = $4, hash = $5
  WHERE id = $1 RETURNING snapshot_at`;

const FAIL = `
  UPDATE snapshots SET attempts = attempts + 1, next_attempt_at = clock_timestamp() + make_interval(secs => $3),
    failure = $2, status = CASE WHEN attempts + 1 >= $4 THEN 'failed' ELSE 'building' END
  WHERE id = $1 AND status = 'building'`;

/**
 * Fills snapshots. One is filled in one transaction over one view of the database, so it holds what was approved at
 * one moment; whatever interrupts that leaves a snapshot still to be built, which the next builder takes up.
 */
@Injectable()
export class SnapshotBuilder {
  private readonly logger = new Logger(SnapshotBuilder.name);

  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
  ) {}

  /** Fills the one that has waited longest. @returns whether there was one, and no other builder at work */
  async buildNext(): Promise<boolean> {
    let building: Building | undefined;
    try {
      return await this.database.transaction(async (tx) => {
        await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
        // Before the view is taken, and so not by a query: two builders that store equal contents would fail each other.
        // Longer than the second after which autovacuum steps aside.
        await tx.query(`SET LOCAL lock_timeout = '3s'`);
        await tx.query('LOCK TABLE snapshot_contents IN SHARE ROW EXCLUSIVE MODE');
        [building] = await queryRows<Building>(tx, NEXT);
        if (!building) return false;
        await this.build(tx, building);
        return true;
      });
    } catch (error) {
      if (sqlState(error) === LOCK_NOT_AVAILABLE) return false;
      if (building) await this.fail(building.id, error);
      throw error;
    }
  }

  private async build(tx: Tx, { id, datasets, tags, created_by }: Building): Promise<void> {
    const hash = createHash('sha256');
    const names = new Set<string>();
    let count = 0;
    let bytes = 0;
    await tx.query(APPROVED, [datasets, tags]);
    for (;;) {
      const items = await queryRows<ApprovedItem>(tx, `FETCH ${String(BATCH)} FROM approved`);
      if (items.length === 0) break;
      bytes += await this.store(tx, id, items, hash);
      count += items.length;
      for (const { dataset } of items) names.add(dataset);
    }
    const sum = hash.digest('hex');
    const [finished] = await queryRows<{ snapshot_at: Date }>(tx, FINISH, [
      id,
      [...names],
      count,
      bytes,
      sum,
    ]);
    await this.outbox.publish(tx, GroundTruthSnapshotCreated, {
      key: id,
      data: {
        id,
        hash: sum,
        count,
        datasetNames: [...names],
        createdBy: created_by,
        snapshotAt: (finished?.snapshot_at ?? new Date()).toISOString(),
      },
    });
  }

  private async store(tx: Tx, id: string, items: readonly ApprovedItem[], whole: Hash): Promise<number> {
    const lines = items.map(({ content, version: _, ...address }) =>
      canonicalJson({ ...content, ...address }),
    );
    const hashes = lines.map((line) => createHash('sha256').update(line).digest('hex'));
    let bytes = 0;
    for (const line of lines) {
      const ended = Buffer.from(`${line}\n`);
      whole.update(ended);
      bytes += ended.length;
    }
    await queryRows(tx, STORE, [
      id,
      items.map(({ dataset }) => dataset),
      items.map((item) => item.id),
      items.map(({ version }) => version),
      hashes,
      lines,
    ]);
    return bytes;
  }

  /** The transaction that failed has let go of the snapshot; it is tried again after a pause, but not for ever. */
  private async fail(id: string, error: unknown): Promise<void> {
    this.logger.error({ msg: 'a snapshot could not be built', snapshot_id: id, err: error });
    const reason = 'The items could not be read or stored; the log has the reason';
    await this.database.query(FAIL, [id, reason, PAUSE_SECONDS, MAX_ATTEMPTS]);
  }
}
