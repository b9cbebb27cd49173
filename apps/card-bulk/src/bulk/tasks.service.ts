import { encodeCursor, decodeCursor } from '@hornbook/contracts';
import { ValidationError } from '@hornbook/service-kit';
import { isFinished, Tasks, type StoredRowError, type Task } from '@hornbook/tasks';
import { Injectable } from '@nestjs/common';
import type { ErrorListQuery, RowErrorPage, RowErrorView, TaskListQuery, TaskPage } from './bulk.schemas.js';
import { titleIn } from './finish-task.js';
import { kindName, statusView } from './task-view.js';

/** How a status is waited for. */
export interface Wait {
  readonly seconds: number;
  /** Version that the caller has; undefined waits for the end. */
  readonly version: number | undefined;
  /** The caller has left, or the process ends. */
  readonly signal: AbortSignal;
}

/** What became of the tasks of one owner. */
@Injectable()
export class TasksService {
  constructor(private readonly tasks: Tasks) {}

  /** A task as it stands, or as soon as it is what the caller waits for. @throws TaskError 404, 410 */
  async status(owner: string, id: string, wait: Wait): Promise<Task> {
    const until = Date.now() + wait.seconds * 1000;
    let task = await this.tasks.get(owner, id);
    const isAwaited = (): boolean =>
      wait.version === undefined ? isFinished(task.status) : task.version !== wait.version;
    while (!isAwaited() && !isFinished(task.status) && !wait.signal.aborted) {
      const left = until - Date.now();
      if (left <= 0) break;
      task = await this.tasks.waitForChange(owner, id, task.version, left, wait.signal);
    }
    return task;
  }

  /** One page, newest first. */
  async list(owner: string, { limit, cursor, kind, status }: TaskListQuery): Promise<TaskPage> {
    const before = cursor === undefined ? undefined : readTaskCursor(cursor);
    const found = await this.tasks.list(owner, {
      limit: limit + 1,
      ...(kind ? { kind: kindName(kind) } : {}),
      ...(status ? { status } : {}),
      ...(before ? { before } : {}),
    });
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return {
      items: page.map(statusView),
      next_cursor: last && found.length > limit ? encodeCursor([last.id]) : null,
    };
  }

  /** One page of row errors, in the order in which they were found. */
  async errors(
    owner: string,
    id: string,
    { limit, cursor }: Pick<ErrorListQuery, 'limit' | 'cursor'>,
  ): Promise<RowErrorPage> {
    const after = cursor === undefined ? undefined : readErrorCursor(cursor);
    const found = await this.tasks.errors(owner, id, {
      limit: limit + 1,
      ...(after === undefined ? {} : { after }),
    });
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return {
      items: page.map(rowErrorView),
      next_cursor: last && found.length > limit ? encodeCursor([last.id]) : null,
    };
  }

  /** Asks a task to stop. @throws TaskError 409 when it has ended */
  async cancel(owner: string, id: string): Promise<Task> {
    return this.tasks.cancel(owner, id);
  }

  /** Lets a task that failed or was cancelled go on where it stood. @throws TaskError 409 */
  async resume(owner: string, id: string): Promise<Task> {
    return this.tasks.resume(owner, id);
  }
}

/** A row error as the API shows it. */
export function rowErrorView(error: StoredRowError): RowErrorView {
  const { index, line, field, code, message, row, details } = error;
  const cardId = (details as { card_id?: unknown } | null)?.card_id;
  return {
    index,
    line,
    card_id: typeof cardId === 'string' ? cardId : null,
    title: titleIn(error),
    field,
    code,
    error: message,
    row,
  };
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function readTaskCursor(cursor: string): string {
  const [id] = decodeCursor(cursor, 1) ?? [];
  if (typeof id === 'string' && uuid.test(id)) return id;
  throw invalidCursor();
}

function readErrorCursor(cursor: string): number {
  const [id] = decodeCursor(cursor, 1) ?? [];
  if (typeof id === 'number' && Number.isSafeInteger(id) && id > 0) return id;
  throw invalidCursor();
}

function invalidCursor(): ValidationError {
  const error = 'Not a cursor of this list; send next_cursor as it was given';
  return new ValidationError([{ field: 'cursor', error, code: 'invalid_cursor' }]);
}
