import { Shutdown } from '@hornbook/service-kit';
import { TaskWorker, type TasksModuleOptions } from '@hornbook/tasks';
import { Injectable, Logger } from '@nestjs/common';
import type { CardBulkConfig } from '../config.js';

const DAY_MS = 86_400_000;

/** How tasks are kept and worked on here. */
export function tasksOptions(config: CardBulkConfig): TasksModuleOptions {
  const logger = new Logger('tasks');
  return {
    tasks: {
      retentionMs: config.bulkRetentionDays * DAY_MS,
      activePerOwner: config.bulkActivePerOwner,
      logger: { warn: (message) => logger.warn(message), error: (message) => logger.error(message) },
    },
    worker: {
      slots: config.bulkWorkers,
      perOwner: config.bulkRunningPerOwner,
      leaseMs: config.bulkLeaseMs,
    },
  };
}

/** Has the worker give its tasks back before the relay and the pool end. */
@Injectable()
export class TasksLifecycle {
  constructor(worker: TaskWorker, shutdown: Shutdown) {
    shutdown.on('finish what is in hand', () => worker.stop());
  }
}
