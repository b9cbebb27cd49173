import { Database } from '@hornbook/database';
import { Shutdown } from '@hornbook/service-kit';
import { BackgroundLoop } from '@hornbook/tasks';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { ExporterConfig } from '../config.js';

const EVERY_MS = 600_000;
/** Small enough that no purge holds locks or bloats the log for long. */
const PURGE_BATCH = 5_000;

/*
 * Of what was settled that long ago only. What waits, is under way, or has an open failure keeps its whole history
 * however old it is.
 */
const HISTORY = `
  DELETE FROM export_history WHERE id = ANY (ARRAY (
    SELECT h.id FROM export_history h
      LEFT JOIN export_batches b ON b.batch_id = h.batch_id
      LEFT JOIN sync_status s ON s.dialogue_id = h.dialogue_id
    WHERE h.at < now() - $1 * interval '1 day'
      AND (h.batch_id IS NULL OR b.settled_at < now() - $1 * interval '1 day')
      AND (h.dialogue_id IS NULL OR
        (s.status IN ('confirmed', 'resolved', 'withdrawn') AND s.updated_at < now() - $1 * interval '1 day'))
      AND NOT EXISTS (SELECT FROM export_failures f WHERE f.batch_id = h.batch_id AND f.resolved_at IS NULL)
    LIMIT $2 FOR UPDATE OF h SKIP LOCKED))
  RETURNING 1`;

const FAILURES = `
  DELETE FROM export_failures WHERE id = ANY (ARRAY (
    SELECT id FROM export_failures WHERE resolved_at < now() - $1 * interval '1 day' LIMIT $2 FOR UPDATE SKIP LOCKED))
  RETURNING 1`;

/**
 * Removes histories and closed failures past their time, in bounded steps; any number of replicas may do so at once.
 * The dialogues, where they stand and the platform's ids of them stay.
 */
@Injectable()
export class HistoryRetention implements OnApplicationBootstrap {
  private readonly logger = new Logger(HistoryRetention.name);
  private readonly loop: BackgroundLoop;

  constructor(
    private readonly database: Database,
    private readonly config: ExporterConfig,
    private readonly shutdown: Shutdown,
  ) {
    this.loop = new BackgroundLoop(
      EVERY_MS,
      () => this.purge(),
      (error) => this.logger.error({ msg: 'history could not be purged', err: error }),
    );
  }

  onApplicationBootstrap(): void {
    this.shutdown.on('stop taking work', () => this.loop.stop());
    this.loop.start();
  }

  /** Removes what is past its time. @returns rows removed */
  async purge(): Promise<{ history: number; failures: number }> {
    return { history: await this.purgeBy(HISTORY), failures: await this.purgeBy(FAILURES) };
  }

  private async purgeBy(statement: string): Promise<number> {
    for (let total = 0; ;) {
      const rows = await this.database.query(statement, [this.config.historyDays, PURGE_BATCH]);
      total += rows.length;
      if (rows.length < PURGE_BATCH) return total;
    }
  }
}
