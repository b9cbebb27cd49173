import { decodeCursor, encodeCursor, isStorable, type Identity } from '@hornbook/contracts';
import { Database, queryRows, type Tx } from '@hornbook/database';
import { NotFoundError, ProblemError, ValidationError } from '@hornbook/service-kit';
import { Injectable } from '@nestjs/common';
import { etagOf, isMet, readIfMatch } from '../items/etag.js';
import { PreconditionRequiredError } from '../items/items.errors.js';
import { LOCK_POLICY } from '../items/claim-items.sql.js';
import { reconcileDataset } from '../reviews/slots.js';
import type { Counts, DatasetListQuery, DatasetPage, DatasetPut, DatasetView } from './datasets.schemas.js';
import { POLICY_COLUMNS, type DatasetPolicy } from './datasets.js';

interface DatasetRow extends DatasetPolicy {
  readonly instructions: string;
  readonly version: number;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly updatedAt: Date;
  readonly updatedBy: string;
  readonly counts: Record<string, number>;
}

const DATASET = `
  SELECT ${POLICY_COLUMNS}, d.instructions, d.version, d.created_at AS "createdAt", d.created_by AS "createdBy",
    d.updated_at AS "updatedAt", d.updated_by AS "updatedBy", counted.counts
  FROM datasets AS d CROSS JOIN LATERAL (
    SELECT coalesce(json_object_agg(state, items), '{}') AS counts
    FROM (SELECT state, sum(items) AS items FROM item_counts AS c WHERE c.dataset_id = d.id AND c.tag = '' GROUP BY state) AS states
  ) AS counted`;

const INSERT = `
  INSERT INTO datasets (name, created_by, updated_by, weight, lease_minutes, required_reviews, per_user_cap, skip_flag_after, instructions)
  VALUES ($1, $2, $2, coalesce($3, 1), $4, coalesce($5, 1), $6, coalesce($7, 3), coalesce($8, ''))
  ON CONFLICT (name) DO NOTHING RETURNING id`;

const UPDATE = `
  UPDATE datasets SET weight = $2, lease_minutes = $3, required_reviews = $4, per_user_cap = $5, skip_flag_after = $6,
    instructions = $7, version = version + 1, updated_at = now(), updated_by = $8
  WHERE id = $1`;

/** Datasets: what is to be known to review them, and how their items are handed out. */
@Injectable()
export class DatasetsService {
  constructor(private readonly database: Database) {}

  /** One page, by name. */
  async list({ limit, cursor }: DatasetListQuery): Promise<DatasetPage> {
    const after = readCursor(cursor);
    const found = await this.database.query<DatasetRow>(
      `${DATASET} WHERE $1::text IS NULL OR d.name > $1 ORDER BY d.name LIMIT $2`,
      [after, limit + 1],
    );
    const rows = found.slice(0, limit);
    const last = rows.at(-1);
    return {
      items: rows.map(view),
      nextCursor: last && found.length > limit ? encodeCursor([last.name]) : null,
    };
  }

  /** @throws NotFoundError */
  async get(name: string): Promise<DatasetView> {
    const row = isStorable(name) ? await this.find(this.database.dataSource.manager, name) : undefined;
    if (!row) throw new NotFoundError(`Dataset ${name.slice(0, 100)}`);
    return view(row);
  }

  /**
   * Makes a dataset, or changes one of which the caller knows the version.
   * @throws PreconditionRequiredError, ProblemError `precondition_failed` or `conflict`
   */
  async put(
    name: string,
    request: DatasetPut,
    ifMatch: string | undefined,
    caller: Identity,
  ): Promise<{ dataset: DatasetView; isNew: boolean }> {
    return this.database.transaction(async (tx) => {
      const made = await queryRows(tx, INSERT, [name, caller.sub, ...valuesOf(request)]);
      if (made.length === 0) await this.update(tx, name, request, ifMatch, caller);
      const row = await this.find(tx, name);
      if (!row) throw new Error(`Dataset ${name} is missing after it was written`);
      return { dataset: view(row), isNew: made.length > 0 };
    });
  }

  private async update(
    tx: Tx,
    name: string,
    request: DatasetPut,
    ifMatch: string | undefined,
    caller: Identity,
  ): Promise<void> {
    const [locked] = await queryRows<{ id: number }>(
      tx,
      'SELECT id FROM datasets WHERE name = $1 FOR UPDATE',
      [name],
    );
    // Before anything is counted: a claim that runs gives items to one reviewer.
    if (locked && request.requiredReviews !== undefined) await queryRows(tx, LOCK_POLICY, [locked.id]);
    const before = await this.find(tx, name);
    if (!before) throw new NotFoundError(`Dataset ${name}`);
    const precondition = readIfMatch(ifMatch);
    if (precondition.kind === 'none') throw new PreconditionRequiredError();
    if (!isMet(precondition, before.version)) throw new StaleDatasetError(before);
    const after = { ...before, ...request };
    const changesReviews = after.requiredReviews !== before.requiredReviews;
    if (changesReviews && (before.counts['assigned'] ?? 0) > 0) {
      throw new ProblemError('conflict', {
        detail: `Items of dataset ${name} are being reviewed: release them before requiredReviews is changed`,
      });
    }
    const { weight, leaseMinutes, requiredReviews, perUserCap, skipFlagAfter, instructions } = after;
    const values = [
      before.id,
      weight,
      leaseMinutes,
      requiredReviews,
      perUserCap,
      skipFlagAfter,
      instructions,
      caller.sub,
    ];
    await queryRows(tx, UPDATE, values);
    if (changesReviews) await reconcileDataset(tx, before.id);
  }

  private async find(tx: Tx, name: string): Promise<DatasetRow | undefined> {
    const [row] = await queryRows<DatasetRow>(tx, `${DATASET} WHERE d.name = $1`, [name]);
    return row;
  }
}

/** 412 with the current version, and who changed it. */
class StaleDatasetError extends ProblemError {
  constructor({ name, version, updatedBy, updatedAt }: DatasetRow) {
    super('precondition_failed', {
      detail: `Dataset ${name} was changed meanwhile: it has version ${String(version)}; read it again`,
      members: { current: { version, etag: etagOf(version), updatedBy, updatedAt: updatedAt.toISOString() } },
      headers: { etag: etagOf(version) },
    });
  }
}

function valuesOf(request: DatasetPut): unknown[] {
  const { weight, leaseMinutes, requiredReviews, perUserCap, skipFlagAfter, instructions } = request;
  return [weight, leaseMinutes, requiredReviews, perUserCap, skipFlagAfter, instructions].map(
    (value) => value ?? null,
  );
}

/** Counters of a dataset in the members that are shown. */
export function countsOf(states: Readonly<Record<string, number>>): Counts {
  const { draft = 0, approved = 0, skipped = 0, deleted = 0, assigned = 0 } = states;
  return { total: draft + approved + skipped + deleted, draft, approved, skipped, deleted, assigned };
}

function view({ id: _, createdAt, updatedAt, counts, version, ...row }: DatasetRow): DatasetView {
  return {
    ...row,
    counts: countsOf(counts),
    version,
    etag: etagOf(version),
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

function readCursor(cursor: string | undefined): string | null {
  if (cursor === undefined) return null;
  const [name] = decodeCursor(cursor, 1) ?? [];
  if (typeof name === 'string') return name;
  throw new ValidationError([
    {
      field: 'cursor',
      error: 'Not a cursor of this list; send nextCursor as it was given',
      code: 'invalid_cursor',
    },
  ]);
}
