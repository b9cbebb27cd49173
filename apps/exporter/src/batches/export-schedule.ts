import { Database } from '@hornbook/database';
import { Shutdown } from '@hornbook/service-kit';
import { BackgroundLoop } from '@hornbook/tasks';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { ExporterConfig } from '../config.js';
import { readPause, strikeSchedule } from '../settings/pause.js';
import { BatchFormer } from './batch-former.js';
import { Dispatcher } from './dispatcher.js';

/** Decides when dialogues leave: 50 at once as soon as they are there, the others when the schedule strikes. */
@Injectable()
export class ExportSchedule implements OnApplicationBootstrap {
  private readonly logger = new Logger(ExportSchedule.name);
  private readonly loop: BackgroundLoop;

  constructor(
    private readonly database: Database,
    private readonly config: ExporterConfig,
    private readonly former: BatchFormer,
    private readonly dispatcher: Dispatcher,
    private readonly shutdown: Shutdown,
  ) {
    this.loop = new BackgroundLoop(
      config.pollMs,
      () => this.look(),
      (error) => this.logger.error({ msg: 'batches could not be formed', err: error }),
    );
  }

  onApplicationBootstrap(): void {
    this.shutdown.on('stop taking work', () => this.loop.stop());
    this.loop.start();
  }

  /** Says that dialogues have become ready. */
  ring(): void {
    this.loop.ring();
  }

  private async look(): Promise<void> {
    const everything = await strikeSchedule(this.database, this.config.scheduleSeconds);
    if (!everything && (await readPause(this.database)).paused) return;
    const { batches } = await this.former.form({ everything });
    if (batches > 0) this.dispatcher.ring();
  }
}
