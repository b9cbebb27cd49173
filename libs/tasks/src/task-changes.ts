import type { Database } from '@hornbook/database';

interface Waiter {
  readonly version: number;
  wake(): void;
}

/** Pause between looks at the tasks that somebody waits for. */
const LOOK_MS = 250;

/**
 * Tells those who wait that a task has changed: at once when this process changed it, else by one look at all awaited
 * tasks together, however many wait.
 */
export class TaskChanges {
  private readonly waiters = new Map<string, Set<Waiter>>();
  private timer: NodeJS.Timeout | undefined;
  private isLooking = false;

  constructor(private readonly database: Database) {}

  /** Resolves once the task's version is not `version` any more, after `ms`, or when `signal` is aborted. */
  async wait(id: string, version: number, ms: number, signal?: AbortSignal): Promise<void> {
    if (ms <= 0 || signal?.aborted) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const wake = (): void => resolve(undefined);
    const waiter = { version, wake };
    const timeout = setTimeout(wake, ms);
    signal?.addEventListener('abort', wake, { once: true });
    this.add(id, waiter);
    try {
      await promise;
    } finally {
      clearTimeout(timeout);
      signal?.removeEventListener('abort', wake);
      this.remove(id, waiter);
    }
  }

  /** A change of this task has been committed here. */
  tell(id: string): void {
    for (const waiter of this.waiters.get(id) ?? []) waiter.wake();
  }

  private add(id: string, waiter: Waiter): void {
    const known = this.waiters.get(id);
    if (known) known.add(waiter);
    else this.waiters.set(id, new Set([waiter]));
    // A change between the caller's read and now is seen by the first look.
    this.timer ??= setInterval(() => void this.look(), LOOK_MS);
  }

  private remove(id: string, waiter: Waiter): void {
    const known = this.waiters.get(id);
    known?.delete(waiter);
    if (known?.size === 0) this.waiters.delete(id);
    if (this.waiters.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private async look(): Promise<void> {
    if (this.isLooking) return;
    this.isLooking = true;
    try {
      const rows = await this.database.query<{ id: string; version: string }>(
        'SELECT id, version FROM tasks WHERE id = ANY ($1::uuid[])',
        [[...this.waiters.keys()]],
      );
      for (const { id, version } of rows) {
        for (const waiter of this.waiters.get(id) ?? [])
          if (waiter.version !== Number(version)) waiter.wake();
      }
    } catch {
      // The database is away: who waits waits on, until its time is over.
    } finally {
      this.isLooking = false;
    }
  }
}
