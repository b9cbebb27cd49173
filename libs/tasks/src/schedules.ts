import { onCommit, queryRows, type Tx } from '@hornbook/database';
import { v7 as uuidv7 } from 'uuid';
import { checkedParams, type Idempotency } from './create-task.js';
import { checkTiming, nextRun } from './next-run.js';
import { SCHEDULE_COLUMNS, toSchedule, type Overlap, type Schedule, type ScheduleRow } from './schedule.js';
import {
  IdempotencyKeyReusedError,
  InvalidScheduleError,
  ScheduleNotFoundError,
  TaskStateError,
} from './tasks.errors.js';
import type { Owner, Tasks } from './tasks.js';

/** What a new schedule is made of; exactly one of `cron` and `runAt`. */
export interface NewSchedule {
  readonly kind: { readonly name: string } | string;
  readonly owner: string;
  readonly params: unknown;
  readonly name?: string | null;
  readonly cron?: string | null;
  /** Default `UTC`. */
  readonly timeZone?: string;
  /** Runs once, at once when it has passed. */
  readonly runAt?: Date | null;
  /** Default `skip`. */
  readonly overlap?: Overlap;
  readonly paused?: boolean;
  readonly idempotency?: Idempotency;
}

/** What can be changed of a schedule; what is left out stays. */
export type ScheduleChanges = Partial<
  Pick<NewSchedule, 'params' | 'name' | 'cron' | 'timeZone' | 'runAt' | 'overlap' | 'paused'>
>;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The schedules of a service; the workers fire them. */
export class Schedules {
  constructor(private readonly tasks: Tasks) {}

  /** @throws InvalidScheduleError, IdempotencyKeyReusedError, TaskError `validation_error` for the parameters */
  async create(request: NewSchedule, tx?: Tx): Promise<{ schedule: Schedule; replayed: boolean }> {
    return tx
      ? this.createIn(tx, request)
      : this.tasks.database.transaction((own) => this.createIn(own, request));
  }

  /** @throws ScheduleNotFoundError */
  async get(owner: Owner, id: string): Promise<Schedule> {
    const [row] = UUID.test(id)
      ? await this.tasks.database.query<ScheduleRow>(
          `SELECT ${SCHEDULE_COLUMNS} FROM task_schedules WHERE id = $1 AND ($2::text IS NULL OR owner = $2)`,
          [id, owner],
        )
      : [];
    if (!row) throw new ScheduleNotFoundError(id);
    return toSchedule(row);
  }

  /** Newest first; `before`: id of the last one of the page before. */
  async list(owner: Owner, { limit, before }: { limit: number; before?: string }): Promise<Schedule[]> {
    const rows = await this.tasks.database.query<ScheduleRow>(
      `SELECT ${SCHEDULE_COLUMNS} FROM task_schedules
       WHERE ($1::text IS NULL OR owner = $1) AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`,
      [owner, before ?? null, limit],
    );
    return rows.map(toSchedule);
  }

  /**
   * Changes a schedule; its next run is counted from now when its timing changes or its pause ends.
   * @param version when given, the version that the caller has seen
   * @throws ScheduleNotFoundError, InvalidScheduleError, TaskStateError `precondition_failed` for another version
   */
  async update(owner: Owner, id: string, changes: ScheduleChanges, version?: number): Promise<Schedule> {
    return this.tasks.database.transaction(async (tx) => {
      const before = await this.lock(tx, owner, id, version);
      const kind = this.kindOf(before.kind);
      const params = changes.params === undefined ? before.params : checkedParams(kind, changes.params);
      const cron = changes.cron === undefined ? (changes.runAt ? null : before.cron) : changes.cron;
      const timing = { cron, timeZone: changes.timeZone ?? before.timeZone };
      checkTiming(timing);
      if (cron !== null && changes.runAt) throw oneOfThem();
      const paused = changes.paused ?? before.paused;
      const isRetimed =
        changes.cron !== undefined || changes.timeZone !== undefined || (before.paused && !paused);
      const next =
        changes.runAt ?? (isRetimed && cron !== null ? nextRun(timing, new Date()) : before.nextRunAt);
      const [row] = await queryRows<ScheduleRow>(
        tx,
        `UPDATE task_schedules SET params = $2, name = $3, cron = $4, time_zone = $5, overlap = $6, paused = $7,
           next_run_at = $8, version = version + 1, updated_at = clock_timestamp()
         WHERE id = $1 RETURNING ${SCHEDULE_COLUMNS}`,
        [
          id,
          JSON.stringify(params),
          changes.name === undefined ? before.name : changes.name,
          cron,
          timing.timeZone,
          changes.overlap ?? before.overlap,
          paused,
          next,
        ],
      );
      if (!row) throw new ScheduleNotFoundError(id);
      return toSchedule(row);
    });
  }

  /** Removes a schedule; tasks that it made stay. @throws ScheduleNotFoundError, TaskStateError as `update` */
  async delete(owner: Owner, id: string, version?: number): Promise<void> {
    await this.tasks.database.transaction(async (tx) => {
      await this.lock(tx, owner, id, version);
      await queryRows(tx, 'DELETE FROM task_schedules WHERE id = $1', [id]);
    });
  }

  private async createIn(tx: Tx, request: NewSchedule): Promise<{ schedule: Schedule; replayed: boolean }> {
    const kind = this.kindOf(typeof request.kind === 'string' ? request.kind : request.kind.name);
    const params = checkedParams(kind, request.params);
    const { owner, idempotency, runAt = null, cron = null, timeZone = 'UTC' } = request;
    if ((cron === null) === (runAt === null)) throw oneOfThem();
    checkTiming({ cron, timeZone });
    const [row] = await queryRows<ScheduleRow>(
      tx,
      `INSERT INTO task_schedules (id, kind, owner, name, params, cron, time_zone, overlap, paused, next_run_at,
         idempotency_key, request_hash)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
       ON CONFLICT ON CONSTRAINT task_schedules_idempotency_key DO NOTHING RETURNING ${SCHEDULE_COLUMNS}`,
      [
        uuidv7(),
        kind.name,
        owner,
        request.name ?? null,
        JSON.stringify(params),
        cron,
        timeZone,
        request.overlap ?? 'skip',
        request.paused ?? false,
        runAt ?? nextRun({ cron, timeZone }, new Date()),
        idempotency?.key ?? null,
        idempotency?.hash ?? null,
      ],
    );
    onCommit(tx, () => this.tasks.nudge());
    if (row) return { schedule: toSchedule(row), replayed: false };
    return { schedule: await this.replayed(tx, owner, idempotency), replayed: true };
  }

  /** A schedule's key stands for it as long as the schedule is there. */
  private async replayed(tx: Tx, owner: string, idempotency: Idempotency | undefined): Promise<Schedule> {
    const [row] = await queryRows<ScheduleRow & { request_hash: string }>(
      tx,
      `SELECT ${SCHEDULE_COLUMNS}, request_hash FROM task_schedules WHERE owner = $1 AND idempotency_key = $2`,
      [owner, idempotency?.key],
    );
    if (!row) throw new Error('schedule neither inserted nor found');
    if (row.request_hash !== idempotency?.hash) throw new IdempotencyKeyReusedError(idempotency?.key ?? '');
    return toSchedule(row);
  }

  private async lock(tx: Tx, owner: Owner, id: string, version?: number): Promise<Schedule> {
    const [row] = UUID.test(id)
      ? await queryRows<ScheduleRow>(
          tx,
          `SELECT ${SCHEDULE_COLUMNS} FROM task_schedules WHERE id = $1 AND ($2::text IS NULL OR owner = $2) FOR UPDATE`,
          [id, owner],
        )
      : [];
    if (!row) throw new ScheduleNotFoundError(id);
    if (version !== undefined && Number(row.version) !== version) {
      throw new TaskStateError(
        'precondition_failed',
        `Schedule ${id} has changed: its version is ${row.version}`,
      );
    }
    return toSchedule(row);
  }

  private kindOf(name: string): Parameters<typeof checkedParams>[0] {
    const kind = this.tasks.kinds.get(name);
    if (!kind) throw new Error(`no kind of task is called ${name}`);
    return kind;
  }
}

function oneOfThem(): InvalidScheduleError {
  return new InvalidScheduleError('cron', 'Give either "cron" or "run_at", and not both');
}
