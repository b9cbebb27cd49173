import { isConnectionFailure } from '@hornbook/database';
import { rolledBack } from './advance.js';
import { finishTask, type Ending } from './finish-task.js';
import type { Leases } from './leases.js';
import type { AnyTaskKind } from './task-kind.js';
import { LeaseLostError } from './tasks.errors.js';
import type { Task } from './task.js';
import type { Tasks } from './tasks.js';

const MAX_TRIES = 3;

/** The end of one task, once it is decided and until it is written down. */
export class TaskEnding {
  private tries = 0;
  private ending: Ending | undefined;

  constructor(
    private readonly kind: AnyTaskKind,
    private readonly parts: { readonly tasks: Tasks; readonly leases: Leases },
  ) {}

  /** How the task is to end; undefined while it goes on. */
  get decided(): Ending | undefined {
    return this.ending;
  }

  decide(ending: Ending): void {
    this.ending = ending;
  }

  /**
   * Ends the task in a transaction of its own, with what its chunks have committed; an atomic one as if it had done
   * nothing.
   * @returns `later` when it is to be tried again
   */
  async write(task: Task, ending: Ending, isAtomic: boolean): Promise<'ended' | 'later'> {
    const { tasks, leases } = this.parts;
    this.ending = ending;
    try {
      await tasks.database.transaction(async (tx) => {
        const stored = await leases.lock(tx, task);
        const ended = isAtomic ? rolledBack(stored, this.kind.keptCounters) : stored;
        await finishTask(tx, ended, ending, tasks.finishParts(ended));
      });
      return 'ended';
    } catch (error) {
      if (error instanceof LeaseLostError) return 'ended';
      if (isConnectionFailure(error)) return 'later';
      tasks.settings.logger.error(
        `task ${task.id} (${this.kind.name}) could not be finished: ${String(error)}`,
      );
      this.tries++;
      // A hook that never works must not keep the task from ending; nor may a result be called one without it.
      if (this.tries >= MAX_TRIES) {
        const status = ending.status === 'SUCCESS' ? 'FAILURE' : ending.status;
        const own = { code: 'finish_failed', message: 'The work is done, but finishing the task failed' };
        this.ending = { status, error: ending.error ?? own, withHook: false };
      }
      return 'later';
    }
  }
}
