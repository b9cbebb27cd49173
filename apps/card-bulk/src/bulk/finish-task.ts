import { BulkTaskFinished } from '@hornbook/contracts';
import { Outbox } from '@hornbook/messaging';
import type { FinishContext, Json, StoredRowError, Task } from '@hornbook/tasks';
import { Injectable } from '@nestjs/common';
import { INLINE_ERRORS } from './limits.js';
import { kindOf } from './task-view.js';

type AnyTask = Task;
type Context = Pick<FinishContext<never, never>, 'tx' | 'errors'> & { readonly task: AnyTask };

/**
 * The end of a task, in the transaction that ends it: what happened as the task's result, and the event. Rewards that
 * a task earned and a task that failed half-way keep what they did; the result says how much.
 */
@Injectable()
export class FinishTask {
  constructor(private readonly outbox: Outbox) {}

  /** Result of an import (seed 002). */
  async import(
    context: Context & { readonly task: { readonly params: { readonly dry_run: boolean } } },
  ): Promise<Json> {
    const { task } = context;
    const counter = counterOf(task);
    const errors = await context.errors(INLINE_ERRORS);
    await this.tell(context);
    return {
      cards_imported: counter('cards_imported'),
      cards_failed: counter('cards_failed'),
      cards_published: counter('cards_published'),
      extropy_earned: `${counter('cards_rewarded')}.00000000`,
      errors: errors.map(importErrorView),
      duration_seconds: secondsOf(task),
      cards_updated: counter('cards_updated'),
      cards_skipped: counter('cards_skipped'),
      dry_run: task.params.dry_run,
      errors_url: `/bulk/tasks/${task.id}/errors`,
    };
  }

  /** Result of a delete or a restore (seed 002). @param done name of the sum of what was done */
  async cards(
    context: Context,
    done: 'cards_deleted' | 'cards_restored',
    more: Record<string, Json>,
  ): Promise<Json> {
    const { task } = context;
    const counter = counterOf(task);
    const errors = await context.errors(INLINE_ERRORS);
    await this.tell(context);
    return {
      [done]: counter(done),
      cards_failed: counter('cards_failed'),
      ...more,
      errors: errors.map(({ row, message, code, index }) => ({
        card_id: row ?? '',
        error: message,
        code,
        index,
      })),
      duration_seconds: secondsOf(task),
      errors_url: `/bulk/tasks/${task.id}/errors`,
    };
  }

  /** Tells whoever listens that a task has ended. */
  async tell({ task, tx }: Pick<Context, 'task' | 'tx'>): Promise<void> {
    await this.outbox.publish(tx, BulkTaskFinished, {
      key: task.id,
      data: {
        task_id: task.id,
        kind: kindOf(task),
        owner: task.owner,
        status: task.status as 'SUCCESS' | 'FAILURE' | 'REVOKED',
        counters: { ...task.counters },
        error: task.error,
        finished_at: (task.finishedAt ?? new Date()).toISOString(),
      },
    });
  }
}

/** Reads sums of a task; one that nothing was added to is 0. */
export function counterOf(task: Pick<AnyTask, 'counters'>): (name: string) => number {
  return (name) => task.counters[name] ?? 0;
}

/** How long a task has worked, seconds. */
export function secondsOf({ startedAt, finishedAt }: AnyTask): number {
  return startedAt && finishedAt ? (finishedAt.getTime() - startedAt.getTime()) / 1000 : 0;
}

function importErrorView(error: StoredRowError): Record<string, Json> {
  const { index, line, field, code, message } = error;
  return { index, title: titleIn(error), error: message, line, field, code };
}

/** The title that was kept beside a row error. */
export function titleIn({ details }: Pick<StoredRowError, 'details'>): string {
  const title = (details as { title?: unknown } | null)?.title;
  return typeof title === 'string' ? title : '';
}
