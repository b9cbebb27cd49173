import { Database, queryRows, type Tx } from '@hornbook/database';
import { ProblemError } from '@hornbook/service-kit';
import { isFinished, Tasks, type Task } from '@hornbook/tasks';
import { Injectable } from '@nestjs/common';
import { AcceptTask, type AcceptedTask } from '../accept-task.js';
import { estimatedSeconds } from '../bulk.service.js';
import { writeIds } from '../delete/cards-by-id.kinds.js';
import { batchOf, writeInput } from '../import/import-input.js';
import type { ImportParams } from '../import/import-params.js';
import { CHUNK_CARDS } from '../limits.js';
import { kindOf } from '../task-view.js';

/** 409: there is nothing of a task that could be done again. */
export class NothingToRetryError extends ProblemError {
  constructor(id: string, reason: string) {
    super('conflict', { detail: `Task ${id} cannot be retried: ${reason}` });
  }
}

/** Does the failed rows of an operation again, as an operation of its own with the same options. */
@Injectable()
export class RetryService {
  constructor(
    private readonly database: Database,
    private readonly tasks: Tasks,
    private readonly accepting: AcceptTask,
  ) {}

  /**
   * Takes on the rows of a task that failed, in their order, and only those.
   * @throws NothingToRetryError while it runs, without failed rows, and after an atomic import that kept nothing
   */
  async retry(owner: string, id: string, idempotencyKey: string | undefined): Promise<AcceptedTask> {
    const task = await this.tasks.get(owner, id);
    const failed = failedRowsOf(task);
    const kind = kindOf(task);
    const isImport = kind === 'import';
    const params = isImport
      ? { ...(task.params as ImportParams), source: { kind: 'inline' }, webhook_url: null }
      : { ...(task.params as object), webhook_url: null };
    const request = {
      kind,
      owner,
      params,
      total: failed,
      message: `Bulk ${kind} initiated for ${failed} failed rows of task ${id}`,
      estimatedSeconds: estimatedSeconds(failed),
      idempotencyKey,
      identity: ['retry-failed', id],
    };
    // Read by the transaction that writes: a second connection, waited for under the owner's lock, might never come.
    return this.database.transaction((tx) =>
      this.accepting.accept({ ...request, inputs: inputs(tx, id, params, isImport) }, tx),
    );
  }
}

async function* inputs(
  tx: Tx,
  id: string,
  params: unknown,
  isImport: boolean,
): AsyncGenerator<string | Buffer, void, undefined> {
  let index = 0;
  for await (const rows of failedRows(tx, id)) {
    if (isImport) {
      const given = rows.map((row) => ({ index: index++, row: valueOf(row) }));
      yield* writeInput(batchOf(given, params as ImportParams));
    } else yield writeIds(rows.map((row) => row ?? ''));
  }
}

/** Failed rows as they came, in their order. A row with several errors is one, kept with the first of them. */
async function* failedRows(tx: Tx, id: string): AsyncGenerator<(string | null)[], void, undefined> {
  let after = '0';
  let last: string | undefined;
  for (;;) {
    const page = await queryRows<{ id: string; index: string; row: string | null }>(
      tx,
      `SELECT id, "index", "row" FROM task_errors WHERE task_id = $1 AND id > $2 ORDER BY id LIMIT ${CHUNK_CARDS}`,
      [id, after],
    );
    const rows = [];
    for (const { id: errorId, index, row } of page) {
      if (index !== last) rows.push(row);
      last = index;
      after = errorId;
    }
    if (rows.length > 0) yield rows;
    if (page.length < CHUNK_CARDS) return;
  }
}

function failedRowsOf(task: Task): number {
  const { id, status, counters } = task;
  if (!isFinished(status)) throw new NothingToRetryError(id, `it is ${status}; wait for its end`);
  if (task.kind.endsWith('.export'))
    throw new NothingToRetryError(id, 'an export has no rows; resume it instead');
  const failed = counters['cards_failed'] ?? 0;
  if (failed === 0) throw new NothingToRetryError(id, 'none of its rows have failed');
  if (status === 'FAILURE' && (task.params as Partial<ImportParams>).on_error === 'atomic')
    throw new NothingToRetryError(id, 'nothing of an atomic import was kept; send the whole of it again');
  return failed;
}

/** A kept row as it was sent: JSON, or the line of a file that was none. One that was too long to keep is none. */
function valueOf(row: string | null): unknown {
  if (row === null) return null;
  try {
    return JSON.parse(row);
  } catch {
    return row;
  }
}
