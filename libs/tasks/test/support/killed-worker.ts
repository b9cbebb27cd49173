import 'reflect-metadata';
import { countKind, type CountContext } from './count-kind.js';
import { openDatabase } from './world.js';
import { Tasks, TaskWorker } from '../../src/index.js';

/** What the parent passes as the last argument. */
export interface KilledWorkerOptions {
  readonly url: string;
  /** Where this process kills itself, on its third chunk. */
  readonly at: 'between chunks' | 'in a chunk' | 'in the finishing transaction';
  readonly isAtomic: boolean;
}

const options = JSON.parse(process.argv.at(-1) ?? '') as KilledWorkerOptions;

function die(): Promise<never> {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
}

const dieAt =
  (at: KilledWorkerOptions['at'], next: number) =>
  async ({ task, checkpoint }: Pick<CountContext, 'task' | 'checkpoint'>): Promise<void> => {
    if (options.at === at && ((checkpoint ?? task.checkpoint)?.next ?? 0) === next) await die();
  };

const base = countKind({
  name: 'killed',
  isAtomic: () => options.isAtomic,
  before: dieAt('between chunks', 20),
  after: dieAt('in a chunk', 20),
});
const database = await openDatabase(options.url);
const tasks = new Tasks(database);
tasks.register({
  ...base,
  async finish(context) {
    const result = await base.finish?.(context);
    if (options.at === 'in the finishing transaction') await die();
    return result;
  },
});
new TaskWorker(tasks, { leaseMs: 1_000, pollMs: 50 }).start();
process.stdout.write('started\n');
