import type { Identity } from '@hornbook/contracts';
import { Database, queryRows, type Tx } from '@hornbook/database';
import { ProblemError, ValidationError } from '@hornbook/service-kit';
import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { ensureDatasets } from '../datasets/datasets.js';
import { once } from '../idempotency/idempotency.js';
import { exclusiveGroups } from '../tags/exclusive-groups.js';
import {
  MAX_DATASETS,
  MAX_IMPORT,
  MAX_LINES,
  type ImportAnswer,
  type ImportError,
  type ImportQuery,
} from './imports.schemas.js';
import { ItemImports } from './item-imports.js';
import { linesOf, type Line } from './ndjson.js';
import { screenItems, type NewItem } from './screen-items.js';

const ROUTE = 'POST /v1/ground-truths';
/** Lines of a stream that are stored in one transaction. */
const STREAM_CHUNK = 1_000;
/** Most errors and warnings that one answer lists; `failed` counts all. */
const MOST_LISTED = 20_000;

/*
 * For each item the oldest other one of its dataset with the same question. Only items that were just stored are asked
 * about.
 */
const DUPLICATES = `
  SELECT fresh.id AS "itemId", other.id AS "duplicateId", 'same_question' AS "matchReason"
  FROM items AS fresh CROSS JOIN LATERAL (
    SELECT id FROM items
    WHERE items.dataset_id = fresh.dataset_id AND items.question_hash = fresh.question_hash AND items.pk <> fresh.pk
    ORDER BY items.pk LIMIT 1
  ) AS other
  WHERE fresh.pk = ANY ($1::bigint[]) AND fresh.question_hash IS NOT NULL
  ORDER BY fresh.pk LIMIT 1000`;

/** Carries the answer of a dry run out of the transaction that is rolled back. */
class DryRun extends Error {
  constructor(readonly answer: ImportAnswer) {
    super('dry run');
  }
}

interface Part {
  readonly values: readonly unknown[];
  /** Place of the first one in the request. */
  readonly offset: number;
  readonly buckets: readonly string[];
  readonly query: ImportQuery;
  readonly caller: Identity;
}

/** Takes ground truths in. What is wrong with one item never keeps another one out. */
@Injectable()
export class ImportsService {
  constructor(
    private readonly database: Database,
    private readonly items: ItemImports,
  ) {}

  /**
   * Imports an array in one transaction.
   * @throws ValidationError when it is empty, ProblemError `payload_too_large` when it has more than 20,000 items
   */
  async importArray(
    values: readonly unknown[],
    query: ImportQuery,
    caller: Identity,
    key: string | undefined,
  ): Promise<ImportAnswer> {
    if (values.length === 0) {
      throw new ValidationError([
        { field: 'body', error: `Too few items (1–${String(MAX_IMPORT)} are allowed)`, code: 'too_few' },
      ]);
    }
    if (values.length > MAX_IMPORT) {
      throw new ProblemError('payload_too_large', {
        detail: `${String(values.length)} items; one request takes ${String(MAX_IMPORT)}, a stream of application/x-ndjson takes ${String(MAX_LINES)}`,
      });
    }
    const buckets = freshBuckets(query.buckets);
    return this.transaction({ values, offset: 0, buckets, query, caller }, key);
  }

  /** Imports a stream of NDJSON, a thousand lines a transaction: what was stored stays, whatever becomes of the rest. */
  async importStream(
    stream: Readable,
    query: ImportQuery,
    caller: Identity,
    key: string | undefined,
  ): Promise<ImportAnswer> {
    const total = emptyAnswer(query.dryRun);
    const buckets = freshBuckets(query.buckets);
    let offset = 0;
    for await (const lines of linesOf(stream, { size: STREAM_CHUNK, most: MAX_LINES })) {
      // A repetition of the stream is cut in the same places, so each chunk has its own key.
      const chunkKey = key === undefined ? undefined : `${key}#${String(offset)}`;
      const part = { values: lines.map(valueOf), offset, buckets, query, caller };
      add(total, await this.transaction(part, chunkKey));
      offset += lines.length;
    }
    if (offset === 0) {
      throw new ValidationError([
        { field: 'body', error: 'No lines; at least one is needed', code: 'too_few' },
      ]);
    }
    return total;
  }

  private async transaction(part: Part, key: string | undefined): Promise<ImportAnswer> {
    const { caller, query, values } = part;
    try {
      return await this.database.transaction((tx) =>
        once(
          tx,
          { owner: caller.owner, key, route: ROUTE, body: key === undefined ? null : { values, query } },
          async () => {
            const answer = await this.store(tx, part);
            if (query.dryRun) throw new DryRun(answer);
            return answer;
          },
        ),
      );
    } catch (error) {
      if (error instanceof DryRun) return error.answer;
      throw error;
    }
  }

  private async store(tx: Tx, { values, offset, buckets, query, caller }: Part): Promise<ImportAnswer> {
    const screening = { exclusiveGroups: await exclusiveGroups(tx), approve: query.approve, buckets, offset };
    const { items, errors } = screenItems(values, screening);
    const names = [...new Set(items.map(({ dataset }) => dataset))];
    if (names.length > MAX_DATASETS) {
      const error = `${String(names.length)} datasets; one request may name ${String(MAX_DATASETS)}`;
      throw new ValidationError([{ field: 'dataset', error, code: 'too_many' }]);
    }
    const datasets = await ensureDatasets(tx, names, caller.sub);
    const answer = emptyAnswer(query.dryRun);
    const kept = new Set<number>();
    const stored: string[] = [];
    for (const name of names.sort()) {
      const dataset = datasets.get(name);
      if (!dataset) throw new Error(`Dataset ${name} is missing after it was made`);
      const own = items.filter((item) => item.dataset === name);
      const { onConflict, approve } = query;
      const result = await this.items.store(tx, {
        dataset,
        items: own,
        actor: caller.sub,
        user: caller.owner,
        onConflict,
        approve,
      });
      for (const { index, pk } of result.imported) {
        kept.add(index);
        stored.push(pk);
      }
      answer.imported += result.imported.length;
      answer.updated += result.updated.length;
      for (const index of result.updated) kept.add(index);
      if (onConflict === 'error') errors.push(...faultsOf(own, result.taken, 'DUPLICATE_ID'));
      else answer.skipped += result.taken.length;
      errors.push(...faultsOf(own, result.closed, 'NOT_OPEN'));
    }
    answer.duplicateWarnings = await queryRows(tx, DUPLICATES, [stored]);
    answer.uuids = items.filter(({ index }) => kept.has(index)).map(({ id }) => id);
    answer.failed = new Set(errors.map(({ index }) => index)).size;
    answer.errors = errors.sort((one, other) => one.index - other.index).slice(0, MOST_LISTED);
    const total = values.length;
    answer.validationSummary = { total, succeeded: total - answer.failed, failed: answer.failed };
    return answer;
  }
}

function faultsOf(
  items: readonly NewItem[],
  places: readonly number[],
  code: 'DUPLICATE_ID' | 'NOT_OPEN',
): ImportError[] {
  const wanted = new Set(places);
  return items
    .filter(({ index }) => wanted.has(index))
    .map(({ index, id, dataset }) => ({
      index,
      itemId: id,
      field: 'id',
      code,
      message:
        code === 'DUPLICATE_ID'
          ? `Id ${id} exists in dataset ${dataset} (onConflict=skip or update says what to do)`
          : `Item ${id} of dataset ${dataset} is approved or deleted; reopen it first`,
    }));
}

function valueOf(line: Line): unknown {
  // Any text is no item, so it is refused like one, with the parser's words.
  return 'value' in line ? line.value : `Not JSON: ${line.error}`;
}

function freshBuckets(count: number): string[] {
  return Array.from({ length: count }, () => randomUUID());
}

function emptyAnswer(dryRun: boolean): ImportAnswer {
  return {
    imported: 0,
    updated: 0,
    skipped: 0,
    failed: 0,
    dryRun,
    errors: [],
    uuids: [],
    duplicateWarnings: [],
    validationSummary: { total: 0, succeeded: 0, failed: 0 },
  };
}

/** Adds the answer for a part of a stream to that for the whole. */
function add(total: ImportAnswer, part: ImportAnswer): void {
  total.imported += part.imported;
  total.updated += part.updated;
  total.skipped += part.skipped;
  total.failed += part.failed;
  total.errors.push(...part.errors.slice(0, MOST_LISTED - total.errors.length));
  total.uuids = total.uuids.concat(part.uuids);
  total.duplicateWarnings.push(...part.duplicateWarnings.slice(0, 1_000 - total.duplicateWarnings.length));
  const { validationSummary: sum } = total;
  sum.total += part.validationSummary.total;
  sum.succeeded += part.validationSummary.succeeded;
  sum.failed += part.validationSummary.failed;
}
