import { Shutdown } from '@hornbook/service-kit';
import { BackgroundLoop } from '@hornbook/tasks';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { SnapshotBuilder } from './snapshot-builder.js';

/** How often a process looks for snapshots that another one was asked for and did not live to build. */
const EVERY_MS = 2_000;

/** Builds what was asked for, in the background: at once when rung. */
@Injectable()
export class SnapshotBuilding implements OnApplicationBootstrap {
  private readonly logger = new Logger(SnapshotBuilding.name);
  private readonly loop: BackgroundLoop;

  constructor(
    private readonly builder: SnapshotBuilder,
    private readonly shutdown: Shutdown,
  ) {
    this.loop = new BackgroundLoop(
      EVERY_MS,
      () => this.buildAll(),
      (error) => this.logger.error({ msg: 'a snapshot could not be built', err: error }),
    );
  }

  onApplicationBootstrap(): void {
    this.shutdown.on('stop taking work', () => this.loop.stop());
    this.loop.start();
  }

  /** Says that there is something to build. */
  ring(): void {
    this.loop.ring();
  }

  private async buildAll(): Promise<void> {
    while (!this.shutdown.begun && (await this.builder.buildNext())) continue;
  }
}
