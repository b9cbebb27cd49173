import type { Task } from './task.js';
import { TASK_COLUMNS, toTask, type TaskRow } from './task-row.js';
import type { Tasks } from './tasks.js';

/** Tasks handled at once: their errors may be many. */
const BATCH = 50;
/** Rows of one statement, so that none holds locks for long. */
const ROWS = 5_000;

/** Removes what finished tasks no longer need, in bounded batches; replicas may do it side by side. */
export class TaskRetention {
  constructor(private readonly tasks: Tasks) {}

  /** One pass. */
  async run(): Promise<void> {
    await this.removeInputs();
    await this.freeKeys();
    await this.purgeExpired();
    await this.forgetGone();
    await this.tasks.database.query(
      `DELETE FROM task_workers WHERE seen_at < clock_timestamp() - interval '1 h'`,
    );
  }

  /** A failed or cancelled task may be resumed and keeps its inputs until it expires. */
  private async removeInputs(): Promise<void> {
    await this.inBatches(
      `DELETE FROM task_inputs WHERE (task_id, seq) IN (
         SELECT i.task_id, i.seq FROM task_inputs AS i JOIN tasks AS t ON t.id = i.task_id
         WHERE t.status = 'SUCCESS' OR t.expires_at <= clock_timestamp() LIMIT $1) RETURNING 1`,
    );
  }

  private async freeKeys(): Promise<void> {
    await this.inBatches(
      `UPDATE tasks SET idempotency_key = NULL WHERE id IN (
         SELECT id FROM tasks WHERE idempotency_key IS NOT NULL
           AND created_at < clock_timestamp() - ${this.tasks.settings.idempotencyMs} * interval '1 ms'
         LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING 1`,
    );
  }

  private async purgeExpired(): Promise<void> {
    for (let after: string | null = null; ;) {
      const rows: TaskRow[] = await this.tasks.database.query<TaskRow>(
        `SELECT ${TASK_COLUMNS} FROM tasks WHERE expires_at <= clock_timestamp() AND purged_at IS NULL
           AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $1`,
        [BATCH, after],
      );
      for (const row of rows) {
        // What cannot be removed just now must not keep the rest.
        await this.purge(toTask(row)).catch((error: unknown) =>
          this.tasks.settings.logger.warn(`purge of task ${row.id}: ${String(error)}`),
        );
      }
      after = rows.at(-1)?.id ?? null;
      if (rows.length < BATCH) return;
    }
  }

  private async purge(task: Task): Promise<void> {
    // First what lies outside: were the row marked before, a crash here would leave it there for ever.
    await this.tasks.kinds.get(task.kind)?.discard?.(task);
    await this.inBatches(
      `DELETE FROM task_errors WHERE (task_id, id) IN (SELECT task_id, id FROM task_errors WHERE task_id = $2 LIMIT $1)
       RETURNING 1`,
      [task.id],
    );
    await this.tasks.database.query(
      `UPDATE tasks SET params = '{}', result = NULL, checkpoint = NULL, counters = '{}', error = NULL,
         purged_at = clock_timestamp() WHERE id = $1`,
      [task.id],
    );
  }

  private async forgetGone(): Promise<void> {
    await this.inBatches(
      `DELETE FROM tasks WHERE id IN (
         SELECT id FROM tasks WHERE purged_at IS NOT NULL
           AND expires_at < clock_timestamp() - ${this.tasks.settings.goneMs} * interval '1 ms' LIMIT $1) RETURNING 1`,
    );
  }

  private async inBatches(sql: string, values: readonly unknown[] = []): Promise<void> {
    for (;;) {
      const rows = await this.tasks.database.query(sql, [ROWS, ...values]);
      if (rows.length < ROWS) return;
    }
  }
}
