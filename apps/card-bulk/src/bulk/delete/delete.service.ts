import { Database, queryRows, type Tx } from '@hornbook/database';
import { Injectable } from '@nestjs/common';
import { AcceptTask, type AcceptedTask, type BulkRequest } from '../accept-task.js';
import { CountMismatchError, refuseIdCount } from '../bulk.errors.js';
import type { AskedBy } from '../bulk.service.js';
import { selectionSql } from '../export/card-filter.js';
import { CHUNK_IDS, MAX_FILE_ROWS } from '../limits.js';
import { writeIds, type DeleteParams, type RestoreParams } from './cards-by-id.kinds.js';
import type { DeleteRequest, RestoreRequest } from './delete.schemas.js';

/** Cards a second that an estimate promises. */
const ESTIMATED_RATE = 10_000;

/** Takes on deletes and restores. */
@Injectable()
export class DeleteService {
  constructor(
    private readonly accepting: AcceptTask,
    private readonly database: Database,
  ) {}

  /**
   * Takes on a delete of cards by id, or of those that a filter matches now.
   * @throws SeedRefusal without ids, or with too many
   * @throws CountMismatchError when the filter matches another number of cards than was confirmed
   */
  async delete(
    { card_ids, filter, confirm_count, soft_delete, run_at, webhook_url }: DeleteRequest,
    { owner, idempotencyKey }: AskedBy,
  ): Promise<AcceptedTask> {
    const params: DeleteParams = { soft_delete, webhook_url: webhook_url ?? null };
    const request = {
      kind: 'delete' as const,
      owner,
      params,
      ...(run_at === undefined ? {} : { runAt: new Date(run_at) }),
      idempotencyKey,
      identity: [card_ids, filter, confirm_count, params, run_at],
    };
    if (filter !== undefined && confirm_count !== undefined) {
      const { sql, parameters } = idPage(filter, owner);
      // The ids are fixed by the transaction that makes the task: what is deleted is what was confirmed.
      return this.database.transaction((tx) => {
        const inputs = { [Symbol.asyncIterator]: () => confirmedIds(tx, sql, parameters, confirm_count) };
        return this.accepting.accept({ ...request, ...countOf(confirm_count, 'delete'), inputs }, tx);
      });
    }
    refuseIdCount(card_ids?.length ?? 0, 'deletion', 'delete');
    return this.accepting.accept({ ...request, ...named(card_ids ?? [], 'delete') });
  }

  /** Takes soft deletes back. @throws SeedRefusal without ids, or with too many */
  async restore(
    { card_ids = [], run_at, webhook_url }: RestoreRequest,
    { owner, idempotencyKey }: AskedBy,
  ): Promise<AcceptedTask> {
    refuseIdCount(card_ids.length, 'restoration', 'restore');
    const params: RestoreParams = { webhook_url: webhook_url ?? null };
    return this.accepting.accept({
      kind: 'restore',
      owner,
      params,
      ...(run_at === undefined ? {} : { runAt: new Date(run_at) }),
      idempotencyKey,
      identity: [card_ids, params, run_at],
      ...named(card_ids, 'restore'),
    });
  }
}

type Operation = 'delete' | 'restore';
type Counted = Pick<BulkRequest, 'total' | 'message' | 'estimatedSeconds'>;

function countOf(total: number, operation: Operation): Required<Counted> {
  return {
    total,
    message: `Bulk ${operation} initiated for ${total} cards`,
    estimatedSeconds: Math.max(1, Math.ceil(total / ESTIMATED_RATE)),
  };
}

function named(ids: readonly string[], operation: Operation): Counted & { inputs: string[] } {
  const inputs: string[] = [];
  for (let first = 0; first < ids.length; first += CHUNK_IDS)
    inputs.push(writeIds(ids.slice(first, first + CHUNK_IDS)));
  return { ...countOf(ids.length, operation), inputs };
}

/** A statement for the ids of a selection, a page of them after the one that is its first parameter. */
function idPage(
  filter: NonNullable<DeleteRequest['filter']>,
  owner: string,
): { sql: string; parameters: readonly unknown[] } {
  const parameters: unknown[] = [null];
  const where = selectionSql(filter, owner, parameters);
  return {
    sql: `SELECT id FROM cards WHERE ${where} AND id > coalesce($1, '00000000-0000-0000-0000-000000000000'::uuid)
      ORDER BY id LIMIT ${CHUNK_IDS}`,
    parameters,
  };
}

/** Ids of a selection as inputs of a task. @throws CountMismatchError unless there are as many as expected */
async function* confirmedIds(
  tx: Tx,
  sql: string,
  [, ...parameters]: readonly unknown[],
  expected: number,
): AsyncGenerator<string, void, undefined> {
  let found = 0;
  let last: string | null = null;
  for (;;) {
    const rows: { id: string }[] = await queryRows(tx, sql, [last, ...parameters]);
    found += rows.length;
    last = rows.at(-1)?.id ?? null;
    if (last !== null && found <= Math.min(expected, MAX_FILE_ROWS)) yield writeIds(rows.map(({ id }) => id));
    if (rows.length < CHUNK_IDS) break;
  }
  if (found !== expected) throw new CountMismatchError(expected, found);
}
