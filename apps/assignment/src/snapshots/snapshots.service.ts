import type { Readable } from 'node:stream';
import { decodeCursor, encodeCursor, type Identity } from '@hornbook/contracts';
import { Database, type Tx } from '@hornbook/database';
import { NotFoundError, ValidationError } from '@hornbook/service-kit';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7, validate as isUuid } from 'uuid';
import { once } from '../idempotency/idempotency.js';
import { changedFields } from './changed-fields.js';
import { SnapshotBuilding } from './snapshot-building.js';
import { snapshotStream } from './snapshot-stream.js';
import { SnapshotNotReadyError, TooManySnapshotsError } from './snapshots.errors.js';
import { SnapshotsRepository, type DiffRow, type ItemKey, type SnapshotRow } from './snapshots.repository.js';
import type {
  SnapshotDiff,
  SnapshotDiffItem,
  SnapshotDiffQuery,
  SnapshotFormat,
  SnapshotListQuery,
  SnapshotPage,
  SnapshotRequest,
  SnapshotView,
} from './snapshots.schemas.js';

/** Snapshots that may wait to be built at once. */
const MOST_BUILDING = 20;

/** Asks for snapshots, reads them, compares them. */
@Injectable()
export class SnapshotsService {
  constructor(
    private readonly database: Database,
    private readonly snapshots: SnapshotsRepository,
    private readonly building: SnapshotBuilding,
  ) {}

  /**
   * Has a snapshot built, soon and once for each key of a caller.
   * @throws ValidationError for an unknown dataset; IdempotencyKeyReusedError, TooManySnapshotsError
   */
  async create(
    request: SnapshotRequest,
    { sub, owner }: Identity,
    key: string | undefined,
  ): Promise<SnapshotView> {
    const idempotent = { owner, key, route: 'POST /v1/ground-truths/snapshots', body: request };
    const made = await this.database.transaction((tx) =>
      once(tx, idempotent, async () => {
        await this.refuseUnknownDatasets(tx, request.datasets);
        const row = await this.snapshots.create(tx, uuidv7(), request, sub, MOST_BUILDING);
        if (!row) throw new TooManySnapshotsError(MOST_BUILDING);
        return view(row);
      }),
    );
    this.building.ring();
    return made;
  }

  /** One page, newest first. */
  async list({ limit, cursor, status }: SnapshotListQuery): Promise<SnapshotPage> {
    const [before] = readCursor(cursor, 1) ?? [];
    if (before !== undefined && !isUuid(before)) throw invalidCursor();
    const found = await this.snapshots.list(status, before, limit + 1);
    const items = found.slice(0, limit).map(view);
    const last = items.at(-1);
    return { items, nextCursor: last && found.length > limit ? encodeCursor([last.id]) : null };
  }

  /** @throws NotFoundError */
  async get(id: string): Promise<SnapshotView> {
    const row = isUuid(id) ? await this.snapshots.find(id) : undefined;
    if (!row) throw new NotFoundError(`Snapshot ${id}`);
    return view(row);
  }

  /** A finished one. @throws NotFoundError, SnapshotNotReadyError */
  async getReady(id: string): Promise<SnapshotView & { hash: string }> {
    const snapshot = await this.get(id);
    const { hash } = snapshot;
    if (snapshot.status !== 'ready' || hash === null) throw new SnapshotNotReadyError(id, snapshot.status);
    return { ...snapshot, hash };
  }

  /** Items of a finished snapshot. */
  stream(snapshot: SnapshotView, format: SnapshotFormat): Readable {
    return snapshotStream(this.snapshots, snapshot, format);
  }

  /** One page of what the later snapshot holds otherwise. @throws NotFoundError, SnapshotNotReadyError */
  async diff(id: string, { to, change, limit, cursor }: SnapshotDiffQuery): Promise<SnapshotDiff> {
    const [older, newer] = await Promise.all([this.getReady(id), this.getReady(to)]);
    const after: ItemKey = readCursor(cursor, 2) ?? ['', ''];
    const [found, counts] = await Promise.all([
      this.snapshots.diff(older.id, newer.id, { after, change, limit: limit + 1 }),
      cursor === undefined ? this.snapshots.counts(older.id, newer.id) : null,
    ]);
    const rows = found.slice(0, limit);
    const last = rows.at(-1);
    return {
      from: older.id,
      to: newer.id,
      counts: counts ?? null,
      items: rows.map(diffItem),
      nextCursor: last && found.length > limit ? encodeCursor([last.dataset, last.id]) : null,
    };
  }

  private async refuseUnknownDatasets(tx: Tx, names: readonly string[]): Promise<void> {
    const unknown = new Set(names.length === 0 ? [] : await this.snapshots.unknownDatasets(tx, names));
    const faults = names.flatMap((name, index) =>
      unknown.has(name)
        ? [
            {
              field: `datasets[${String(index)}]`,
              error: `No dataset has the name ${JSON.stringify(name)}`,
              code: 'unknown_dataset',
            },
          ]
        : [],
    );
    if (faults.length > 0) throw new ValidationError(faults);
  }
}

function view({ datasets, tags, createdAt, snapshotAt, ...row }: SnapshotRow): SnapshotView {
  return {
    ...row,
    schemaVersion: 'v1',
    filters: { datasets, tags, status: 'approved' },
    createdAt: createdAt.toISOString(),
    snapshotAt: snapshotAt?.toISOString() ?? null,
  };
}

function diffItem({ fromContent, toContent, ...row }: DiffRow): SnapshotDiffItem {
  const change = row.fromHash === null ? 'added' : row.toHash === null ? 'removed' : 'changed';
  const fields = fromContent !== null && toContent !== null ? changedFields(fromContent, toContent) : [];
  return { change, ...row, fields };
}

function readCursor(cursor: string | undefined, length: 1): readonly [string] | undefined;
function readCursor(cursor: string | undefined, length: 2): ItemKey | undefined;
function readCursor(cursor: string | undefined, length: number): readonly string[] | undefined {
  if (cursor === undefined) return undefined;
  const key = decodeCursor(cursor, length);
  if (!key?.every((part) => typeof part === 'string')) throw invalidCursor();
  return key;
}

function invalidCursor(): ValidationError {
  return new ValidationError([
    {
      field: 'cursor',
      error: 'Not a cursor of this list; send nextCursor as it was given',
      code: 'invalid_cursor',
    },
  ]);
}
