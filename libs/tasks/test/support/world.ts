import { createDataSource, Database } from '@hornbook/database';
import { createTestDatabase, eventually, expectNoLeaks, type TestDatabase } from '@hornbook/testing';
import {
  createTaskTables,
  isFinished,
  Schedules,
  Tasks,
  TaskWorker,
  type AnyTaskKind,
  type Task,
  type TaskKind,
  type TasksOptions,
  type TaskWorkerOptions,
} from '../../src/index.js';

/** Connects as the service of these tests. */
export async function openDatabase(url: string, { poolSize = 10 } = {}): Promise<Database> {
  const dataSource = createDataSource({
    url,
    schema: 'alpha',
    entities: [],
    migrations: [],
    applicationName: 'alpha',
    poolSize,
  });
  await dataSource.initialize();
  return new Database(dataSource);
}

/** A replica of the service: its own pool, tasks and worker. */
export interface Replica {
  readonly database: Database;
  readonly tasks: Tasks;
  readonly schedules: Schedules;
  readonly worker: TaskWorker;
  /** What was logged. */
  readonly log: string[];
}

/** How a replica differs from the others. */
export interface ReplicaOptions {
  readonly kinds?: readonly unknown[];
  readonly worker?: TaskWorkerOptions;
  readonly tasks?: TasksOptions;
  /** Whether its worker runs. Default true. */
  readonly works?: boolean;
  readonly url?: string;
}

/** A fresh database and the replicas that a test starts on it. */
export class World {
  private readonly replicas: Replica[] = [];

  private constructor(readonly testDatabase: TestDatabase) {}

  static async open(): Promise<World> {
    const testDatabase = await createTestDatabase({ services: ['alpha'] });
    const database = await openDatabase(testDatabase.urlFor('alpha'));
    const runner = database.dataSource.createQueryRunner();
    await createTaskTables(runner);
    await runner.query(
      'CREATE TABLE effects (id bigserial PRIMARY KEY, task uuid NOT NULL, n integer NOT NULL)',
    );
    await runner.query('CREATE TABLE endings (task uuid NOT NULL, status text NOT NULL)');
    await runner.release();
    await database.close();
    return new World(testDatabase);
  }

  get url(): string {
    return this.testDatabase.urlFor('alpha');
  }

  async replica({
    kinds = [],
    worker,
    tasks: options,
    works = true,
    url,
  }: ReplicaOptions = {}): Promise<Replica> {
    const database = await openDatabase(url ?? this.url);
    const log: string[] = [];
    const logger = {
      warn: (line: string) => void log.push(line),
      error: (line: string) => void log.push(line),
    };
    const tasks = new Tasks(database, { logger, ...options });
    for (const kind of kinds) tasks.register(kind as AnyTaskKind);
    const taskWorker = new TaskWorker(tasks, { pollMs: 50, retryBaseMs: 20, graceMs: 2_000, ...worker });
    if (works) taskWorker.start();
    const replica = { database, tasks, schedules: new Schedules(tasks), worker: taskWorker, log };
    this.replicas.push(replica);
    return replica;
  }

  async close(): Promise<void> {
    await Promise.all(this.replicas.map(({ worker }) => worker.stop()));
    await Promise.all(this.replicas.map(({ database }) => database.close()));
    await expectNoLeaks({ databases: [this.testDatabase] });
    await this.testDatabase.drop();
  }
}

/** Waits for the task to end. */
export function ended(tasks: Tasks, id: string, timeoutMs = 10_000): Promise<Task> {
  return eventually(
    async () => {
      const task = await tasks.get(null, id);
      if (!isFinished(task.status)) throw new Error(JSON.stringify(task));
      return task;
    },
    { timeoutMs, description: `task ${id} to end` },
  );
}

/** What the chunks of a task have written, in order. */
export async function effects(database: Database, id: string): Promise<number[]> {
  const rows = await database.query<{ n: number }>('SELECT n FROM effects WHERE task = $1 ORDER BY n, id', [
    id,
  ]);
  return rows.map(({ n }) => n);
}

/** 0, 1, …, count - 1 */
export const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

/** A promise that a test resolves. */
export function gate(): { readonly opened: Promise<unknown>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  return { opened: promise, open: () => resolve(undefined) };
}

/** A kind of task, its types erased. */
export type Kind = TaskKind;
