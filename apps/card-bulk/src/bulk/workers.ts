import { MessageTransport } from '@hornbook/messaging';
import { TaskWorker, Tasks } from '@hornbook/tasks';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { CardBulkConfig } from '../config.js';

/** Where workers wait at the broker to be told that there is work. */
export const WORKERS_QUEUE = 'card-bulk.workers.v1';

/**
 * The workers of all replicas. Each stands by at the broker, which so knows of a worker's death as soon as its
 * connection ends; what a replica takes on is told there, and the worker that hears of it does not wait for its poll.
 */
@Injectable()
export class Workers implements OnApplicationBootstrap {
  constructor(
    private readonly transport: MessageTransport,
    private readonly tasks: Tasks,
    private readonly worker: TaskWorker,
    private readonly config: CardBulkConfig,
  ) {}

  onApplicationBootstrap(): void {
    this.tasks.onNudge(() => this.transport.call(WORKERS_QUEUE));
    if (this.config.bulkWorkers > 0) {
      // Comes about when the broker does; the poll finds all work meanwhile.
      void this.transport.standBy(WORKERS_QUEUE, () => this.worker.look());
    }
  }

  /** How many there are: the broker's consumers; when it cannot be asked, those whose heartbeat Postgres has seen lately. */
  async count(): Promise<number> {
    return (await this.transport.standingBy(WORKERS_QUEUE)) ?? this.tasks.workers();
  }
}
