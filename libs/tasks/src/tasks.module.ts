import { Database } from '@hornbook/database';
import {
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type FactoryProvider,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Schedules } from './schedules.js';
import { TaskWorker } from './task-worker.js';
import type { TasksOptions, TaskWorkerOptions } from './tasks-options.js';
import { Tasks } from './tasks.js';

/** What `TasksModule` takes. */
export interface TasksModuleOptions {
  readonly tasks?: TasksOptions;
  readonly worker?: TaskWorkerOptions;
}

const TASKS_OPTIONS = Symbol('TASKS_OPTIONS');

/**
 * Tasks, worker and schedules of one service. Global: import it once, in the app's root module. Kinds are registered
 * by their providers' `onModuleInit`; the worker starts once all modules are up.
 */
@Module({})
export class TasksModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(private readonly worker: TaskWorker) {}

  /** For options that are known beforehand. */
  static forRoot(options: TasksModuleOptions = {}): DynamicModule {
    return TasksModule.forRootAsync({ useFactory: () => options });
  }

  /** For options that are made of other providers. */
  static forRootAsync(
    options: Pick<FactoryProvider<TasksModuleOptions>, 'inject' | 'useFactory'> &
      Pick<DynamicModule, 'imports'>,
  ): DynamicModule {
    return {
      module: TasksModule,
      global: true,
      imports: options.imports ?? [],
      providers: [
        { provide: TASKS_OPTIONS, inject: options.inject ?? [], useFactory: options.useFactory },
        {
          provide: Tasks,
          inject: [Database, TASKS_OPTIONS],
          useFactory: (database: Database, { tasks }: TasksModuleOptions) => new Tasks(database, tasks),
        },
        {
          provide: TaskWorker,
          inject: [Tasks, TASKS_OPTIONS],
          useFactory: (tasks: Tasks, { worker }: TasksModuleOptions) => new TaskWorker(tasks, worker),
        },
        { provide: Schedules, inject: [Tasks], useFactory: (tasks: Tasks) => new Schedules(tasks) },
      ],
      exports: [Tasks, TaskWorker, Schedules],
    };
  }

  onApplicationBootstrap(): void {
    this.worker.start();
  }

  /** Safety net for programs without service-kit, where the worker is stopped with the work in hand. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.worker.stop();
  }
}
