import { Database } from '@hornbook/database';
import { Injectable } from '@nestjs/common';
import { CardBulkConfig } from '../config.js';
import {
  INLINE_ERRORS,
  MAX_CARDS,
  MAX_EVENT_STREAMS,
  MAX_FILE_ROWS,
  MAX_IMPORT_BYTES,
  MAX_INLINE_EXPORT_BYTES,
  MAX_SCHEDULES,
  MAX_WAIT_SECONDS,
  MAX_WEBHOOKS,
} from './limits.js';
import type { LimitsView } from './limits.schemas.js';
import { RequestRate } from './request-rate.js';

/** The limits of this installation. */
@Injectable()
export class LimitsService {
  constructor(
    private readonly config: CardBulkConfig,
    private readonly database: Database,
    private readonly rate: RequestRate,
  ) {}

  /** All limits, and what an owner has used of them. */
  async of(owner: string): Promise<LimitsView> {
    const [unfinished] = await this.database.query<{ tasks: number }>(
      'SELECT count(*)::integer AS tasks FROM tasks WHERE owner = $1 AND finished_at IS NULL',
      [owner],
    );
    const { started } = await this.rate.inLastHour(this.database.dataSource.manager, owner);
    return {
      max_cards: MAX_CARDS,
      max_request_bytes: MAX_IMPORT_BYTES,
      max_file_rows: MAX_FILE_ROWS,
      max_file_bytes: this.config.maxUploadBytes,
      max_unfinished_tasks: this.config.bulkActivePerOwner,
      max_running_tasks: this.config.bulkRunningPerOwner,
      max_requests_per_hour: this.config.bulkRequestsPerHour,
      max_webhooks: MAX_WEBHOOKS,
      max_schedules: MAX_SCHEDULES,
      max_event_streams: MAX_EVENT_STREAMS,
      max_wait_seconds: MAX_WAIT_SECONDS,
      inline_errors: INLINE_ERRORS,
      inline_export_bytes: MAX_INLINE_EXPORT_BYTES,
      retention_days: this.config.bulkRetentionDays,
      usage: { unfinished_tasks: unfinished?.tasks ?? 0, requests_last_hour: started },
    };
  }
}
