import { queryRows, type Tx } from '@hornbook/database';
import { ProblemError } from '@hornbook/service-kit';
import { Injectable } from '@nestjs/common';
import { CardBulkConfig } from '../config.js';

const HOUR_MS = 3_600_000;

/** 429: as many operations as an owner may start in an hour. The headers are those of seed 002's service. */
export class RequestRateError extends ProblemError {
  constructor(limit: number, secondsLeft: number) {
    super('rate_limited', {
      detail: `At most ${limit} bulk operations an hour (max_requests_per_hour) may be started; try again in ${secondsLeft} s`,
      headers: {
        'retry-after': String(secondsLeft),
        'x-ratelimit-limit': String(limit),
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': String(Math.ceil(Date.now() / 1000) + secondsLeft),
      },
    });
  }
}

/** The least UUIDv7 of a moment: ids of tasks are made of their time, so their index counts them by the hour. */
function firstIdOf(time: number): string {
  const hex = Math.max(0, time).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}

/** How many operations an owner starts in an hour, counted from the tasks themselves. What schedules start is not. */
@Injectable()
export class RequestRate {
  constructor(private readonly config: CardBulkConfig) {}

  /**
   * Refuses a task that this transaction has made when it is one too many. Making it took the owner's lock, so of two
   * at once only one is the last.
   * @throws RequestRateError
   */
  async keep(tx: Tx, owner: string): Promise<void> {
    const { started, oldest } = await this.inLastHour(tx, owner);
    const limit = this.config.bulkRequestsPerHour;
    if (started <= limit) return;
    const freeAt = (oldest?.getTime() ?? Date.now()) + HOUR_MS;
    throw new RequestRateError(limit, Math.max(1, Math.ceil((freeAt - Date.now()) / 1000)));
  }

  /** Operations that an owner has started in the last hour, and when the first of them was. */
  async inLastHour(tx: Tx, owner: string): Promise<{ started: number; oldest: Date | null }> {
    const [row] = await queryRows<{ started: number; oldest: Date | null }>(
      tx,
      `SELECT count(*)::integer AS started, min(created_at) AS oldest FROM tasks
       WHERE owner = $1 AND id >= $2 AND schedule_id IS NULL`,
      [owner, firstIdOf(Date.now() - HOUR_MS)],
    );
    return row ?? { started: 0, oldest: null };
  }
}
