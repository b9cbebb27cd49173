import { queryRows, type Database, type Tx } from '@hornbook/database';
import { v7 as uuidv7 } from 'uuid';
import { jsonOrNull } from './finish-task.js';
import type { AnyTaskKind } from './task-kind.js';
import { deadlinesOf, TASK_COLUMNS, toTask, type TaskRow } from './task-row.js';
import { LeaseLostError } from './tasks.errors.js';
import type { RowError, Task, TaskFailure } from './task.js';

/** A task that this process may work on, until its lease ends. */
export interface ClaimedTask {
  readonly task: Task;
  /** Milliseconds left until the deadlines; may be negative. */
  readonly softMs: number;
  readonly hardMs: number;
  /** Whether the one who had it before went silent. */
  readonly wasLost: boolean;
}

/** What the database says of a task that this process holds. */
export interface HeldTask {
  readonly id: string;
  readonly epoch: number;
  readonly isCancelled: boolean;
}

/** Which tasks a worker with little room left takes. */
export interface ClaimLimits {
  readonly leaseMs: number;
  /** Most tasks of one owner that run at once, all replicas together. */
  readonly perOwner: number;
}

/** One for all claims of a schema; see `claim`. */
const CLAIM_LOCK = 7_212_001;

/*
 * From owner to owner by the index (a loose scan), so that the cost grows with the owners and not with their tasks.
 * Whoever has the fewest running comes first, then whoever has waited longest.
 */
const CLAIM = `
  WITH RECURSIVE owners AS (
    (SELECT owner FROM tasks WHERE finished_at IS NULL ORDER BY owner LIMIT 1)
    UNION ALL
    SELECT (SELECT t.owner FROM tasks AS t WHERE t.finished_at IS NULL AND t.owner > o.owner ORDER BY t.owner LIMIT 1)
    FROM owners AS o WHERE o.owner IS NOT NULL
  ), loads AS (
    SELECT o.owner, (SELECT count(*) FROM tasks AS t
                     WHERE t.owner = o.owner AND t.finished_at IS NULL AND t.lease_owner IS NOT NULL
                       AND t.due_at > clock_timestamp()) AS running
    FROM owners AS o WHERE o.owner IS NOT NULL
  ), next AS (
    SELECT due.id, due.was_lost FROM loads CROSS JOIN LATERAL (
      SELECT t.id, t.due_at, t.lease_owner IS NOT NULL AS was_lost FROM tasks AS t
      WHERE t.owner = loads.owner AND t.finished_at IS NULL AND t.due_at <= clock_timestamp() AND t.kind = ANY ($2)
        AND NOT EXISTS (SELECT FROM tasks AS earlier WHERE earlier.id = t.after_task AND earlier.finished_at IS NULL)
      ORDER BY t.due_at LIMIT 1
    ) AS due
    WHERE loads.running < $4 ORDER BY loads.running, due.due_at LIMIT 1
  )
  UPDATE tasks SET status = 'STARTED', lease_owner = $1, lease_epoch = lease_epoch + 1,
    due_at = clock_timestamp() + $3 * interval '1 ms', attempts = attempts + next.was_lost::integer,
    started_at = coalesce(started_at, clock_timestamp()), updated_at = clock_timestamp(), version = version + 1,
    soft_deadline_at = coalesce(soft_deadline_at, clock_timestamp() + ($5::jsonb ->> kind)::bigint * interval '1 ms'),
    hard_deadline_at = coalesce(hard_deadline_at, clock_timestamp() + ($6::jsonb ->> kind)::bigint * interval '1 ms')
  FROM next
  WHERE tasks.id = next.id AND finished_at IS NULL AND due_at <= clock_timestamp()
  RETURNING tasks.${TASK_COLUMNS}, next.was_lost,
    extract(epoch FROM soft_deadline_at - clock_timestamp()) * 1000 AS soft_ms,
    extract(epoch FROM hard_deadline_at - clock_timestamp()) * 1000 AS hard_ms`;

const FENCE = 'id = $1 AND lease_epoch = $2 AND lease_owner = $3 AND finished_at IS NULL';

const COMMIT_CHUNK = `
  UPDATE tasks SET total = $4, current = $5, counters = $6, checkpoint = $7, attempts = $8, error = NULL,
    due_at = clock_timestamp() + $9 * interval '1 ms', updated_at = clock_timestamp(), version = version + 1
  WHERE ${FENCE} RETURNING version, cancel_requested_at`;

const SHOW_PROGRESS = `
  UPDATE tasks SET total = $4, current = $5, counters = $6, updated_at = clock_timestamp(), version = version + 1
  WHERE ${FENCE} RETURNING version, cancel_requested_at`;

/** As `JSON.stringify` wants it: NUL and lone surrogates cannot be stored; they are what is wrong with some rows. */
const storable = (_name: string, value: unknown): unknown =>
  typeof value === 'string' ? value.toWellFormed().replaceAll('\u0000', '\uFFFD') : value;

/**
 * Leases on tasks as SQL. A claim raises the task's epoch, and everything a worker writes asks for the epoch it was
 * given: one that slept through its lease changes nothing once another has the task.
 */
export class Leases {
  /** A process is an owner of leases; random, as pids of two hosts collide. */
  readonly worker = uuidv7();

  constructor(private readonly database: Database) {}

  /** Takes the next task for this process, if there is one within the limits. */
  async claim(
    kinds: ReadonlyMap<string, AnyTaskKind>,
    limits: ClaimLimits,
  ): Promise<ClaimedTask | undefined> {
    const [due] = await this.database.query(
      'SELECT 1 FROM tasks WHERE finished_at IS NULL AND due_at <= clock_timestamp() LIMIT 1',
    );
    if (!due) return undefined;
    return this.database.transaction(async (tx) => {
      // In turns: two claims at once would each count without the other, and both pick the same task.
      await queryRows(tx, 'SELECT pg_advisory_xact_lock($1, hashtext(current_schema()))', [CLAIM_LOCK]);
      const [row] = await queryRows<TaskRow & { soft_ms: string; hard_ms: string; was_lost: boolean }>(
        tx,
        CLAIM,
        [
          this.worker,
          [...kinds.keys()],
          limits.leaseMs,
          limits.perOwner,
          deadlinesOf(kinds.values(), 'softDeadlineMs'),
          deadlinesOf(kinds.values(), 'hardDeadlineMs'),
        ],
      );
      return (
        row && {
          task: toTask(row),
          softMs: Number(row.soft_ms),
          hardMs: Number(row.hard_ms),
          wasLost: row.was_lost,
        }
      );
    });
  }

  /**
   * Which of these tasks this process still holds, and which of them are to be cancelled.
   * @param renewMs when given, their leases are renewed for as long
   */
  async look(ids: readonly string[], renewMs?: number): Promise<HeldTask[]> {
    const where = 'id = ANY ($1::uuid[]) AND lease_owner = $2 AND finished_at IS NULL';
    const columns = 'id, lease_epoch, cancel_requested_at';
    const rows = await this.database.query<Pick<TaskRow, 'id' | 'lease_epoch' | 'cancel_requested_at'>>(
      renewMs === undefined
        ? `SELECT ${columns} FROM tasks WHERE ${where}`
        : `UPDATE tasks SET due_at = clock_timestamp() + $3 * interval '1 ms' WHERE ${where} RETURNING ${columns}`,
      renewMs === undefined ? [ids, this.worker] : [ids, this.worker, renewMs],
    );
    return rows.map(({ id, lease_epoch, cancel_requested_at }) => ({
      id,
      epoch: Number(lease_epoch),
      isCancelled: cancel_requested_at !== null,
    }));
  }

  /** Writes down a chunk inside its own transaction. @throws LeaseLostError @returns the task's new version, and whether it is to be cancelled */
  async commitChunk(tx: Tx, task: Task, leaseMs: number): Promise<{ version: number; isCancelled: boolean }> {
    return this.fenced(tx, task, COMMIT_CHUNK, [
      task.total,
      task.current,
      JSON.stringify(task.counters),
      jsonOrNull(task.checkpoint),
      task.attempts,
      leaseMs,
    ]);
  }

  /** Shows how far an atomic task is, and stores its row errors, outside its transaction. @throws LeaseLostError */
  async showProgress(
    task: Task,
    errors: readonly RowError[],
  ): Promise<{ version: number; isCancelled: boolean }> {
    return this.database.transaction(async (tx) => {
      await this.addErrors(tx, task.id, errors);
      return this.fenced(tx, task, SHOW_PROGRESS, [task.total, task.current, JSON.stringify(task.counters)]);
    });
  }

  /** Forgets what earlier runs have done. @throws LeaseLostError @returns the task as it begins */
  async startOver(task: Task): Promise<Task> {
    const begun: Task = { ...task, current: 0, counters: {}, checkpoint: null };
    await this.database.transaction(async (tx) => {
      await queryRows(tx, 'DELETE FROM task_errors WHERE task_id = $1', [task.id]);
      const sql = `UPDATE tasks SET current = 0, counters = '{}', checkpoint = NULL WHERE ${FENCE} RETURNING version, cancel_requested_at`;
      await this.fenced(tx, task, sql, []);
    });
    return begun;
  }

  /** Gives a task back, to be taken again after `delayMs`. Changes nothing when it is not held any more. */
  async giveBack(
    task: Task,
    retry?: { attempts: number; delayMs: number; error: TaskFailure },
  ): Promise<void> {
    if (!retry) {
      await this.database.query(
        `UPDATE tasks SET lease_owner = NULL, due_at = clock_timestamp() WHERE ${FENCE} RETURNING id`,
        [task.id, task.epoch, this.worker],
      );
      return;
    }
    await this.database.query(
      `UPDATE tasks SET status = 'RETRY', lease_owner = NULL, attempts = $4, error = $5,
         due_at = clock_timestamp() + $6 * interval '1 ms', updated_at = clock_timestamp(), version = version + 1
       WHERE ${FENCE} RETURNING id`,
      [task.id, task.epoch, this.worker, retry.attempts, JSON.stringify(retry.error), retry.delayMs],
    );
  }

  /** The task as it is stored, its row locked for `tx`. @throws LeaseLostError when it is not held any more */
  async lock(tx: Tx, task: Task): Promise<Task> {
    const sql = `SELECT ${TASK_COLUMNS} FROM tasks WHERE ${FENCE} FOR UPDATE`;
    return this.held(await queryRows<TaskRow>(tx, sql, [task.id, task.epoch, this.worker]), task);
  }

  /** The task as it is stored. @throws LeaseLostError when it is not held any more */
  async reload(task: Task): Promise<Task> {
    const sql = `SELECT ${TASK_COLUMNS} FROM tasks WHERE ${FENCE}`;
    return this.held(await this.database.query<TaskRow>(sql, [task.id, task.epoch, this.worker]), task);
  }

  private held([row]: readonly TaskRow[], task: Task): Task {
    if (!row) throw new LeaseLostError(task.id);
    return toTask(row);
  }

  /** Stores row errors, in one statement. */
  async addErrors(tx: Tx, taskId: string, errors: readonly RowError[]): Promise<void> {
    if (errors.length === 0) return;
    const rows = errors.map((error) => ({
      index: error.index,
      line: error.line ?? null,
      field: error.field?.slice(0, 500) ?? null,
      code: error.code,
      message: error.message.slice(0, 2_000),
      row: error.row ?? null,
      details: error.details ?? null,
    }));
    await queryRows(
      tx,
      `INSERT INTO task_errors (task_id, "index", line, field, code, message, "row", details)
       SELECT $1, e."index", e.line, e.field, e.code, e.message, e."row", e.details
       FROM ROWS FROM (json_to_recordset($2::json) AS (
         "index" bigint, line bigint, field text, code text, message text, "row" text, details jsonb
       )) WITH ORDINALITY AS e ("index", line, field, code, message, "row", details, position)
       ORDER BY e.position`,
      [taskId, JSON.stringify(rows, storable)],
    );
  }

  private async fenced(
    tx: Tx,
    task: Task,
    sql: string,
    values: readonly unknown[],
  ): Promise<{ version: number; isCancelled: boolean }> {
    const [row] = await queryRows<Pick<TaskRow, 'version' | 'cancel_requested_at'>>(tx, sql, [
      task.id,
      task.epoch,
      this.worker,
      ...values,
    ]);
    if (!row) throw new LeaseLostError(task.id);
    return { version: Number(row.version), isCancelled: row.cancel_requested_at !== null };
  }
}
