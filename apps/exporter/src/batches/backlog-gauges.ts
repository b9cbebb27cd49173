import { Database } from '@hornbook/database';
import { Shutdown } from '@hornbook/service-kit';
import { BackgroundLoop } from '@hornbook/tasks';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { setBacklog } from '../metrics.js';

/** Fresh enough for a scrape every 15 seconds. */
const EVERY_MS = 5_000;

interface BacklogRow {
  readonly unconfirmed: number;
  readonly oldest_seconds: number;
  readonly open_failures: number;
  readonly paused: boolean;
}

/** Keeps the gauges of what is unconfirmed, failed and paused up to date; reads partial indexes only. */
@Injectable()
export class BacklogGauges implements OnApplicationBootstrap {
  private readonly logger = new Logger(BacklogGauges.name);
  private readonly loop: BackgroundLoop;

  constructor(
    private readonly database: Database,
    private readonly shutdown: Shutdown,
  ) {
    this.loop = new BackgroundLoop(
      EVERY_MS,
      () => this.measure(),
      (error) => this.logger.error({ msg: 'the backlog could not be measured', err: error }),
    );
  }

  onApplicationBootstrap(): void {
    this.shutdown.on('stop taking work', () => this.loop.stop());
    this.loop.start();
  }

  /** Reads the backlog and shows it. */
  async measure(): Promise<void> {
    const [row] = await this.database.query<BacklogRow>(
      `SELECT unconfirmed.count AS unconfirmed, unconfirmed.oldest_seconds, failures.count AS open_failures, settings.paused
       FROM (
         SELECT count(*)::integer, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS oldest_seconds
         FROM export_batches WHERE state IN ('ready', 'sending', 'waiting')
       ) AS unconfirmed, (
         SELECT count(*)::integer FROM export_failures WHERE resolved_at IS NULL
       ) AS failures, export_settings AS settings`,
    );
    if (!row) return;
    setBacklog({
      unconfirmed: row.unconfirmed,
      oldestSeconds: row.oldest_seconds,
      openFailures: row.open_failures,
      paused: row.paused,
    });
  }
}
