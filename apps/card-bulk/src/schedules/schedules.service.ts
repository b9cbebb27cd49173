import { createHash } from 'node:crypto';
import { Database, queryRows, type Tx } from '@hornbook/database';
import { faultsOf, ProblemError, ValidationError } from '@hornbook/service-kit';
import { Schedules, type Schedule, type ScheduleChanges } from '@hornbook/tasks';
import { Injectable } from '@nestjs/common';
import { requireMatch } from '../access/etag.js';
import { idPage, readIdCursor } from '../access/id-page.js';
import { MAX_SCHEDULES } from '../bulk/limits.js';
import { kindName } from '../bulk/task-view.js';
import { operationOf, scheduleEtag, scheduleView } from './schedule-view.js';
import {
  optionSchemas,
  type SchedulePage,
  type SchedulePatch,
  type ScheduleRequest,
} from './schedules.schemas.js';

/** 409: as many schedules as an owner may have. */
export class TooManySchedulesError extends ProblemError {
  constructor() {
    super('conflict', {
      detail: `At most ${MAX_SCHEDULES} schedules are allowed (max_schedules); delete one first`,
    });
  }
}

/** The schedules of one owner. */
@Injectable()
export class SchedulesService {
  constructor(
    private readonly database: Database,
    private readonly schedules: Schedules,
  ) {}

  /**
   * Makes a schedule; the same request under the same key gets the one that it made.
   * @throws TaskError for a timing that cannot be; TooManySchedulesError
   */
  async create(
    owner: string,
    request: ScheduleRequest,
    key: string | undefined,
  ): Promise<{ schedule: Schedule; replayed: boolean }> {
    const { operation, options, name, cron, time_zone, run_at, overlap, paused } = request;
    const hash = createHash('sha256').update(JSON.stringify(request)).digest('hex');
    return this.database.transaction(async (tx) => {
      await lockOwner(tx, owner);
      const made = await this.schedules.create(
        {
          kind: kindName(operation),
          owner,
          params: options,
          name,
          cron,
          timeZone: time_zone,
          runAt: run_at === null ? null : new Date(run_at),
          overlap,
          paused,
          ...(key === undefined ? {} : { idempotency: { key, hash } }),
        },
        tx,
      );
      if (!made.replayed && (await countOf(tx, owner)) > MAX_SCHEDULES) throw new TooManySchedulesError();
      return made;
    });
  }

  /** One page, newest first. */
  async list(owner: string, limit: number, cursor: string | undefined): Promise<SchedulePage> {
    const before = readIdCursor(cursor);
    const found = await this.schedules.list(owner, {
      limit: limit + 1,
      ...(before === undefined ? {} : { before }),
    });
    return idPage(found, limit, scheduleView);
  }

  /** @throws TaskError 404 also for somebody else's */
  async get(owner: string, id: string): Promise<Schedule> {
    return this.schedules.get(owner, id);
  }

  /** Changes a schedule. Options are replaced as a whole. */
  async change(
    owner: string,
    id: string,
    { options, time_zone, run_at, ...rest }: SchedulePatch,
    ifMatch: string | undefined,
  ): Promise<Schedule> {
    const schedule = await this.matching(owner, id, ifMatch);
    const named = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
    const changes: ScheduleChanges = {
      ...named,
      ...(options === undefined ? {} : { params: checkedOptions(schedule, options) }),
      ...(time_zone === undefined ? {} : { timeZone: time_zone }),
      ...(run_at === undefined ? {} : { runAt: run_at === null ? null : new Date(run_at) }),
    };
    return this.schedules.update(owner, id, changes, schedule.version);
  }

  /** Stops or goes on; safe to repeat. What was missed meanwhile is not made up for. */
  async pause(owner: string, id: string, paused: boolean): Promise<Schedule> {
    const schedule = await this.schedules.get(owner, id);
    return schedule.paused === paused ? schedule : this.schedules.update(owner, id, { paused });
  }

  /** Removes a schedule; what it started goes on. */
  async delete(owner: string, id: string, ifMatch: string | undefined): Promise<void> {
    const { version } = await this.matching(owner, id, ifMatch);
    await this.schedules.delete(owner, id, version);
  }

  /** The schedule that the caller has seen; that it is still that one is checked again with the change. */
  private async matching(owner: string, id: string, ifMatch: string | undefined): Promise<Schedule> {
    const schedule = await this.schedules.get(owner, id);
    requireMatch(ifMatch, scheduleEtag(schedule));
    return schedule;
  }
}

function checkedOptions(schedule: Schedule, options: Record<string, unknown>): unknown {
  const parsed = optionSchemas[operationOf(schedule)].safeParse(options, { reportInput: true });
  if (parsed.success) return parsed.data;
  const faults = faultsOf(parsed.error.issues, '');
  throw new ValidationError(
    faults.map(({ field, ...fault }) => ({ ...fault, field: field === '' ? 'options' : `options.${field}` })),
  );
}

/** Requests of one owner take turns, so that two of them are not both the last one allowed. */
async function lockOwner(tx: Tx, owner: string): Promise<void> {
  const key = `hashtextextended('schedules ' || current_schema() || ' ' || $1::text, 0)`;
  await queryRows(tx, `SELECT pg_advisory_xact_lock(${key})`, [owner]);
}

async function countOf(tx: Tx, owner: string): Promise<number> {
  const sql = 'SELECT count(*)::integer AS count FROM task_schedules WHERE owner = $1';
  const [row] = await queryRows<{ count: number }>(tx, sql, [owner]);
  return row?.count ?? 0;
}
