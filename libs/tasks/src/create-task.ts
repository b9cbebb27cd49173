import { onCommit, queryRows, type Tx } from '@hornbook/database';
import { v7 as uuidv7 } from 'uuid';
import type { AnyTaskKind } from './task-kind.js';
import { TASK_COLUMNS, toTask, type TaskRow } from './task-row.js';
import { IdempotencyKeyReusedError, TaskError, TooManyTasksError } from './tasks.errors.js';
import type { Task } from './task.js';
import type { TasksSettings } from './tasks-options.js';

/** Inputs of a task, in their order. */
export type TaskInputs = Iterable<string | Buffer> | AsyncIterable<string | Buffer>;

/** Recognises a repeated request. */
export interface Idempotency {
  /** The caller's `Idempotency-Key`. */
  readonly key: string;
  /** Hash of the whole request: the same key with another hash is refused. */
  readonly hash: string;
}

/** What a new task is made of. */
export interface NewTask {
  /** A registered kind, or its name. */
  readonly kind: { readonly name: string } | string;
  readonly owner: string;
  /** Checked by the kind's schema. */
  readonly params: unknown;
  /**
   * Texts (or their bytes, UTF-8) that the kind reads by number; stored in the same transaction. Each at most some MB. A
   * transaction may run twice, so whatever is iterated over must give them again.
   */
  readonly inputs?: TaskInputs;
  /** How much there is to do, when that is known. */
  readonly total?: number;
  /** Not started before. Default: at once. */
  readonly runAt?: Date;
  readonly idempotency?: Idempotency;
  /** UUIDv7, when the caller needs it beforehand. */
  readonly id?: string;
}

/** A task, and whether an earlier request had made it. */
export interface CreatedTask {
  readonly task: Task;
  readonly replayed: boolean;
}

/** Where a task comes from when no request made it. */
export interface Origin {
  readonly scheduleId: string;
  /** The task that must be finished first. */
  readonly afterTask: string | null;
}

const OWNER_LOCK_SPACE = 7_212_002;
/** Inputs of one statement, and how long they may be together before they are written: little waits in memory. */
const INPUTS_PER_STATEMENT = 8;
const STATEMENT_LENGTH = 500_000;

const INSERT = `
  INSERT INTO tasks (id, kind, owner, params, idempotency_key, request_hash, total, run_at, due_at, schedule_id, after_task)
  SELECT $1, $2, $3, $4, $5, $6, $7, at, at, $9, $10 FROM (SELECT coalesce($8::timestamptz, clock_timestamp()) AS at) AS t
  ON CONFLICT ON CONSTRAINT tasks_idempotency_key DO NOTHING
  RETURNING ${TASK_COLUMNS}`;

/** Writes a task and its inputs into `tx`, or finds the one that the idempotency key stands for. */
export async function createTask(
  tx: Tx,
  kind: AnyTaskKind,
  request: NewTask,
  { settings, nudge, origin }: { settings: TasksSettings; nudge: () => void; origin?: Origin },
): Promise<CreatedTask> {
  const params = checkedParams(kind, request.params);
  const { owner, idempotency } = request;
  const earlier = idempotency && (await findByKey(tx, kind.name, owner, idempotency, settings.idempotencyMs));
  if (earlier) return { task: earlier, replayed: true };
  if (settings.activePerOwner !== undefined && !origin) await keepToLimit(tx, owner, settings.activePerOwner);
  const [row] = await queryRows<TaskRow>(tx, INSERT, [
    request.id ?? uuidv7(),
    kind.name,
    owner,
    JSON.stringify(params),
    idempotency?.key ?? null,
    idempotency?.hash ?? null,
    request.total ?? null,
    request.runAt ?? null,
    origin?.scheduleId ?? null,
    origin?.afterTask ?? null,
  ]);
  if (!row) {
    // A request with the same key has committed since we looked.
    const rival = idempotency && (await findByKey(tx, kind.name, owner, idempotency, settings.idempotencyMs));
    if (!rival) throw new Error(`task of kind ${kind.name}: neither inserted nor found`);
    return { task: rival, replayed: true };
  }
  await storeInputs(tx, row.id, request.inputs ?? []);
  const task = toTask(row);
  await settings.onQueued?.(tx, task);
  onCommit(tx, nudge);
  return { task, replayed: false };
}

/** The parameters as the kind's schema puts them out. */
export function checkedParams(kind: AnyTaskKind, params: unknown): unknown {
  const checked = kind.params.safeParse(params);
  if (checked.success) return checked.data;
  const faults = checked.error.issues.map(({ path, message }) => `${path.join('.') || 'params'}: ${message}`);
  throw new TaskError('validation_error', `Parameters of ${kind.name}: ${faults.join('; ')}`);
}

async function findByKey(
  tx: Tx,
  kind: string,
  owner: string,
  { key, hash }: Idempotency,
  lifetimeMs: number,
): Promise<Task | undefined> {
  const where = 'owner = $1 AND kind = $2 AND idempotency_key = $3';
  const lifetime = `created_at > clock_timestamp() - $4 * interval '1 ms'`;
  const [row] = await queryRows<TaskRow & { request_hash: string; is_live: boolean }>(
    tx,
    `SELECT ${TASK_COLUMNS}, request_hash, ${lifetime} AS is_live FROM tasks WHERE ${where}`,
    [owner, kind, key, lifetimeMs],
  );
  if (!row) return undefined;
  if (row.is_live) {
    if (row.request_hash !== hash) throw new IdempotencyKeyReusedError(key);
    return toTask(row);
  }
  await queryRows(tx, `UPDATE tasks SET idempotency_key = NULL WHERE ${where} AND NOT (${lifetime})`, [
    owner,
    kind,
    key,
    lifetimeMs,
  ]);
  return undefined;
}

async function keepToLimit(tx: Tx, owner: string, limit: number): Promise<void> {
  // Requests of one owner take turns here; counted without that, two of them would both be the last one allowed.
  await queryRows(tx, `SELECT pg_advisory_xact_lock($1, hashtext($2))`, [OWNER_LOCK_SPACE, owner]);
  const [row] = await queryRows<{ active: string }>(
    tx,
    'SELECT count(*) AS active FROM tasks WHERE owner = $1 AND finished_at IS NULL',
    [owner],
  );
  if (Number(row?.active) >= limit) throw new TooManyTasksError(limit);
}

async function storeInputs(tx: Tx, taskId: string, inputs: TaskInputs): Promise<void> {
  let seq = 0;
  let length = 0;
  let waiting: (string | Buffer)[] = [];
  let writing: Promise<unknown> = Promise.resolve();
  const write = async (): Promise<void> => {
    const first = seq - waiting.length;
    const rows = waiting.map((_, n) => `($1, ${first + n}, $${n + 2})`).join(', ');
    const texts = waiting;
    waiting = [];
    length = 0;
    await writing;
    writing = queryRows(tx, `INSERT INTO task_inputs (task_id, seq, content) VALUES ${rows}`, [
      taskId,
      ...texts,
    ]);
    // Its failure is told to whoever waits for it next.
    writing.catch(() => undefined);
    // What comes asynchronously may come by way of this very transaction.
    if (Symbol.asyncIterator in inputs) await writing;
  };
  for await (const input of inputs) {
    waiting.push(input);
    length += input.length;
    seq++;
    if (waiting.length === INPUTS_PER_STATEMENT || length >= STATEMENT_LENGTH) await write();
  }
  if (waiting.length > 0) await write();
  await writing;
}
