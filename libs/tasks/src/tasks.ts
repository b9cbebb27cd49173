import { onCommit, queryRows, type Database, type Tx } from '@hornbook/database';
import { v7 as uuidv7 } from 'uuid';
import { createTask, type CreatedTask, type NewTask, type Origin } from './create-task.js';
import { finishTask } from './finish-task.js';
import { TaskChanges } from './task-changes.js';
import type { AnyTaskKind, TaskKind } from './task-kind.js';
import { readInput, readRowErrors, TASK_COLUMNS, toTask, type TaskRow } from './task-row.js';
import { TaskGoneError, TaskNotFoundError, TaskStateError } from './tasks.errors.js';
import { isFinished, type StoredRowError, type Task, type TaskStatus } from './task.js';
import { tasksSettings, type TasksOptions, type TasksSettings } from './tasks-options.js';

/** Whose tasks are looked at; null is for administrators: everybody's. */
export type Owner = string | null;

/** Which tasks a list holds, newest first. */
export interface TaskFilter {
  readonly kind?: string;
  readonly status?: TaskStatus;
  readonly limit: number;
  /** Id of the last task of the page before. */
  readonly before?: string;
}

// With the rows themselves, which may be long.
const ERRORS_PER_PAGE = 200;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * The tasks of a service: created, read, cancelled and resumed here by any replica; worked on by `TaskWorker`.
 * Everything is asked for by owner, and another owner's task is not told from one that does not exist.
 */
export class Tasks {
  readonly settings: TasksSettings;
  /** Who waits for a task to change. */
  readonly changes: TaskChanges;
  private readonly known = new Map<string, AnyTaskKind>();
  private readonly listeners = new Set<() => void>();

  constructor(
    readonly database: Database,
    options: TasksOptions = {},
  ) {
    this.settings = tasksSettings(options);
    this.changes = new TaskChanges(database);
  }

  /** Makes a kind known. Every replica registers every kind before its worker starts. */
  register<Params, Checkpoint, Run, Batch>(kind: TaskKind<Params, Checkpoint, Run, Batch>): void {
    if (this.known.has(kind.name)) throw new Error(`two kinds of task are called ${kind.name}`);
    this.known.set(kind.name, kind);
  }

  /** The registered kinds by name. */
  get kinds(): ReadonlyMap<string, AnyTaskKind> {
    return this.known;
  }

  /** An id for a task that is yet to be created. */
  newId(): string {
    return uuidv7();
  }

  /**
   * Creates a task with its inputs in one transaction, `tx` if given; a repeated request gets the task it made before.
   * @throws IdempotencyKeyReusedError, TooManyTasksError, TaskError `validation_error` when the parameters do not fit
   */
  async create(request: NewTask, tx?: Tx): Promise<CreatedTask> {
    return tx ? this.createIn(tx, request) : this.database.transaction((own) => this.createIn(own, request));
  }

  /** `create` for the library's own schedules. */
  async createIn(tx: Tx, request: NewTask, origin?: Origin): Promise<CreatedTask> {
    const name = typeof request.kind === 'string' ? request.kind : request.kind.name;
    const kind = this.known.get(name);
    if (!kind) throw new Error(`no kind of task is called ${name}`);
    const nudge = (): void => this.nudge();
    return createTask(tx, kind, request, { settings: this.settings, nudge, ...(origin ? { origin } : {}) });
  }

  /** @throws TaskNotFoundError, TaskGoneError */
  async get(owner: Owner, id: string): Promise<Task> {
    const [row] = UUID.test(id)
      ? await this.database.query<TaskRow & { is_gone: boolean }>(
          `SELECT ${TASK_COLUMNS}, coalesce(expires_at <= clock_timestamp(), false) AS is_gone
           FROM tasks WHERE id = $1 AND ($2::text IS NULL OR owner = $2)`,
          [id, owner],
        )
      : [];
    if (!row) throw new TaskNotFoundError(id);
    if (row.is_gone && row.expires_at) throw new TaskGoneError(id, row.expires_at);
    return toTask(row);
  }

  /** Tasks that have not expired, newest first. */
  async list(owner: Owner, { kind, status, limit, before }: TaskFilter): Promise<Task[]> {
    const rows = await this.database.query<TaskRow>(
      `SELECT ${TASK_COLUMNS} FROM tasks
       WHERE ($1::text IS NULL OR owner = $1) AND ($2::text IS NULL OR kind = $2) AND ($3::text IS NULL OR status = $3)
         AND ($4::uuid IS NULL OR id < $4) AND (expires_at IS NULL OR expires_at > clock_timestamp())
       ORDER BY id DESC LIMIT $5`,
      [owner, kind ?? null, status ?? null, before ?? null, limit],
    );
    return rows.map(toTask);
  }

  /** The task as soon as its version is not `version`, or as it is after `ms`; for long polling and event streams. */
  async waitForChange(
    owner: Owner,
    id: string,
    version: number,
    ms: number,
    signal?: AbortSignal,
  ): Promise<Task> {
    const task = await this.get(owner, id);
    if (task.version !== version) return task;
    await this.changes.wait(id, version, ms, signal);
    return this.get(owner, id);
  }

  /**
   * Cancels a task: a waiting one is REVOKED at once, a running one at its next chunk edge.
   * @throws TaskStateError when it has ended already, unless as REVOKED
   */
  async cancel(owner: Owner, id: string): Promise<Task> {
    await this.database.transaction(async (tx) => {
      const { task, isHeld } = await this.lock(tx, owner, id);
      if (task.status === 'REVOKED' || task.cancelRequestedAt) return;
      if (isFinished(task.status)) {
        throw new TaskStateError(
          'conflict',
          `Task ${id} has ended as ${task.status} and cannot be cancelled`,
        );
      }
      if (isHeld) {
        await queryRows(
          tx,
          `UPDATE tasks SET cancel_requested_at = clock_timestamp(), updated_at = clock_timestamp(), version = version + 1
           WHERE id = $1`,
          [id],
        );
        onCommit(tx, () => this.changed(id));
        return;
      }
      await finishTask(tx, task, { status: 'REVOKED' }, this.finishParts(task));
    });
    return this.get(owner, id);
  }

  /**
   * Lets a failed or cancelled task go on from its checkpoint, with its tries and deadlines anew.
   * @throws TaskStateError when it has not ended so
   */
  async resume(owner: Owner, id: string): Promise<Task> {
    const resumed = await this.database.transaction(async (tx) => {
      const { task } = await this.lock(tx, owner, id);
      if (task.status !== 'FAILURE' && task.status !== 'REVOKED') {
        throw new TaskStateError(
          'conflict',
          `Task ${id} is ${task.status}; only FAILURE and REVOKED can be resumed`,
        );
      }
      // The epoch grows, so that whoever was working on it when it ended cannot commit any more.
      const [row] = await queryRows<TaskRow>(
        tx,
        `UPDATE tasks SET status = 'PENDING', attempts = 0, error = NULL, result = NULL, finished_at = NULL,
           expires_at = NULL, started_at = NULL, soft_deadline_at = NULL, hard_deadline_at = NULL,
           cancel_requested_at = NULL, lease_owner = NULL, lease_epoch = lease_epoch + 1, run_at = clock_timestamp(),
           due_at = clock_timestamp(), updated_at = clock_timestamp(), version = version + 1
         WHERE id = $1 RETURNING ${TASK_COLUMNS}`,
        [id],
      );
      if (!row) throw new TaskNotFoundError(id);
      await this.settings.onQueued?.(tx, toTask(row));
      onCommit(tx, () => {
        this.changed(id);
        this.nudge();
      });
      return toTask(row);
    });
    return resumed;
  }

  /** A page of row errors, in the order in which the chunks found them. `after`: the last page's last `id`. */
  async errors(
    owner: Owner,
    id: string,
    { limit, after = 0 }: { limit: number; after?: number },
  ): Promise<StoredRowError[]> {
    await this.get(owner, id);
    return readRowErrors((sql, values) => this.database.query(sql, values), id, limit, after);
  }

  /** All row errors page by page, at constant memory. */
  async *streamErrors(owner: Owner, id: string): AsyncGenerator<StoredRowError[], void, undefined> {
    await this.get(owner, id);
    for (let after = 0; ;) {
      const page = await readRowErrors(
        (sql, values) => this.database.query(sql, values),
        id,
        ERRORS_PER_PAGE,
        after,
      );
      const last = page.at(-1);
      if (!last) return;
      yield page;
      after = last.id;
    }
  }

  /** Text number `seq` of those that came with a task. */
  input(id: string, seq: number): Promise<string | undefined> {
    return readInput((sql, values) => this.database.query(sql, values), id, seq);
  }

  /** How many tasks wait to be taken, and how many workers have one in hand. */
  async backlog(): Promise<{ pending: number; running: number }> {
    const [row] = await this.database.query<{ pending: string; running: string }>(
      `SELECT count(*) FILTER (WHERE due_at <= clock_timestamp()) AS pending,
              count(*) FILTER (WHERE lease_owner IS NOT NULL AND due_at > clock_timestamp()) AS running
       FROM tasks WHERE finished_at IS NULL`,
    );
    return { pending: Number(row?.pending ?? 0), running: Number(row?.running ?? 0) };
  }

  /** Workers of all replicas that have been seen lately; one without slots only fires schedules, and is none. */
  async workers(): Promise<number> {
    const [row] = await this.database.query<{ workers: string }>(
      `SELECT count(*) AS workers FROM task_workers WHERE slots > 0 AND seen_at > clock_timestamp() - interval '30 s'`,
    );
    return Number(row?.workers ?? 0);
  }

  /** Something can be taken: the workers of this process look now. */
  nudge(): void {
    for (const listener of this.listeners) listener();
  }

  /** Has `listener` called by `nudge`. @returns what takes it out again */
  onNudge(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** A change of this task is committed: whoever waits for it here is told, and so are the workers. */
  changed(id: string): void {
    this.changes.tell(id);
    this.nudge();
  }

  /** What `finishTask` needs to know of the task's kind. */
  finishParts(task: Task): Parameters<typeof finishTask>[3] {
    const changed = (id: string): void => this.changed(id);
    return { kind: this.known.get(task.kind), settings: this.settings, changed };
  }

  private async lock(tx: Tx, owner: Owner, id: string): Promise<{ task: Task; isHeld: boolean }> {
    const [row] = UUID.test(id)
      ? await queryRows<TaskRow & { is_held: boolean; is_gone: boolean }>(
          tx,
          `SELECT ${TASK_COLUMNS}, lease_owner IS NOT NULL AND due_at > clock_timestamp() AS is_held,
             coalesce(expires_at <= clock_timestamp(), false) AS is_gone
           FROM tasks WHERE id = $1 AND ($2::text IS NULL OR owner = $2) FOR UPDATE`,
          [id, owner],
        )
      : [];
    if (!row) throw new TaskNotFoundError(id);
    if (row.is_gone && row.expires_at) throw new TaskGoneError(id, row.expires_at);
    return { task: toTask(row), isHeld: row.is_held };
  }
}
