import { ProblemError } from '@hornbook/service-kit';
import { isFinished, Tasks, type Task } from '@hornbook/tasks';
import { Injectable } from '@nestjs/common';
import { AcceptTask, type AcceptedTask } from '../accept-task.js';
import { estimatedSeconds } from '../bulk.service.js';
import { writeIds } from '../delete/cards-by-id.kinds.js';
import { failedRows } from '../errors/failed-rows.js';
import { toBatch, writeInput } from '../import/import-input.js';
import type { ImportParams } from '../import/import-params.js';
import { prepareRows } from '../import/prepared-row.js';
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
    return this.accepting.accept({
      kind,
      owner,
      params,
      // Made anew when the transaction has to be done again.
      inputs: { [Symbol.asyncIterator]: () => this.inputs(owner, id, params, isImport) },
      total: failed,
      message: `Bulk ${kind} initiated for ${failed} failed rows of task ${id}`,
      estimatedSeconds: estimatedSeconds(failed),
      idempotencyKey,
      identity: ['retry-failed', id],
    });
  }

  private async *inputs(
    owner: string,
    id: string,
    params: unknown,
    isImport: boolean,
  ): AsyncGenerator<string, void, undefined> {
    let index = 0;
    for await (const rows of failedRows(this.tasks.streamErrors(owner, id))) {
      if (isImport) {
        const given = rows.map(({ row }) => ({ index: index++, row: valueOf(row) }));
        yield writeInput(toBatch(prepareRows(given, params as ImportParams)));
      } else yield writeIds(rows.map(({ row }) => row ?? ''));
    }
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
