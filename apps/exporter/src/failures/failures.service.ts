import type { Identity } from '@hornbook/contracts';
import { Database } from '@hornbook/database';
import { NotFoundError } from '@hornbook/service-kit';
import { Injectable } from '@nestjs/common';
import { Dispatcher } from '../batches/dispatcher.js';
import { ExportSchedule } from '../batches/export-schedule.js';
import { pageBy, readCursor } from '../keyset.js';
import { ReviewRequests } from '../reviews/review-requests.js';
import { visibleOwner } from '../visibility.js';
import { FailureResolvedError } from './failures.errors.js';
import { FailuresRepository } from './failures.repository.js';
import {
  failureIdSchema,
  MAX_BULK_RETRY,
  type BulkRetry,
  type BulkRetryAnswer,
  type FailureDetail,
  type FailurePage,
  type FailureQuery,
  type Resolution,
} from './failures.schemas.js';

const isId = (key: unknown): key is number =>
  typeof key === 'number' && failureIdSchema.safeParse(key).success;

/** What could not be exported, and what people decide about it. */
@Injectable()
export class FailuresService {
  constructor(
    private readonly database: Database,
    private readonly failures: FailuresRepository,
    private readonly dispatcher: Dispatcher,
    private readonly schedule: ExportSchedule,
    private readonly reviews: ReviewRequests,
  ) {}

  /** One page of the caller's failures, newest first. */
  async list(query: FailureQuery, caller: Identity): Promise<FailurePage> {
    const rows = await this.failures.list(visibleOwner(caller), query, readCursor(query.cursor, isId));
    return pageBy(rows, query.limit, ({ id }) => id);
  }

  /** One failure with what was sent. @throws NotFoundError for unknown ids and other owners' */
  async find(id: number, caller: Identity): Promise<FailureDetail> {
    const failure = await this.failures.find(id, visibleOwner(caller));
    if (!failure) throw new NotFoundError(`Failure ${String(id)}`);
    return failure;
  }

  /** Sends what failed on its way again. @throws NotFoundError, FailureResolvedError */
  async retry(id: number, caller: Identity): Promise<FailureDetail> {
    await this.findOpen(id, caller);
    const retried = await this.retryAll([id], caller);
    const failure = await this.find(id, caller);
    if (retried === 0) throw new FailureResolvedError(id, failure.resolution);
    this.wake();
    return failure;
  }

  /** Retries many failures, oldest first, 500 at most. */
  async retryMany(filter: BulkRetry, caller: Identity): Promise<BulkRetryAnswer> {
    const { ids, remaining } = await this.failures.matching(visibleOwner(caller), filter, MAX_BULK_RETRY);
    const retried = ids.length === 0 ? 0 : await this.retryAll(ids, caller);
    if (retried > 0) this.wake();
    return { retried, remaining };
  }

  /** Closes a failure for good: its dialogues are not exported. @throws NotFoundError, FailureResolvedError */
  async resolve(id: number, resolution: Resolution, caller: Identity): Promise<FailureDetail> {
    await this.findOpen(id, caller);
    await this.database.transaction((tx) => this.failures.resolve(tx, id, caller.sub, resolution?.note));
    return this.find(id, caller);
  }

  private async findOpen(id: number, caller: Identity): Promise<void> {
    const { resolved_at, resolution } = await this.find(id, caller);
    if (resolved_at !== null) throw new FailureResolvedError(id, resolution);
  }

  private retryAll(ids: readonly number[], { sub }: Identity): Promise<number> {
    return this.database.transaction(async (tx) => {
      const { retried, reviewsOf } = await this.failures.retry(tx, ids, sub);
      if (reviewsOf.length > 0) await this.reviews.askAgain(tx, reviewsOf, sub);
      return retried;
    });
  }

  private wake(): void {
    this.dispatcher.ring();
    this.schedule.ring();
  }
}
