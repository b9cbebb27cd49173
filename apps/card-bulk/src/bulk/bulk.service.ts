import { Tasks } from '@hornbook/tasks';
import { Injectable } from '@nestjs/common';
import { AcceptTask, type AcceptedTask } from './accept-task.js';
import { refuseCardCount } from './bulk.errors.js';
import type { HealthView } from './bulk.schemas.js';
import { batchOf, writeInput } from './import/import-input.js';
import type { ImportParams } from './import/import-params.js';
import type { ImportRequest } from './import/import.schemas.js';
import type { Flags } from './import/prepared-row.js';
import { CHUNK_CARDS } from './limits.js';
import { Workers } from './workers.js';

/** Whose operation it is, and by which key a repeat of it is recognised. */
export interface AskedBy {
  readonly owner: string;
  readonly idempotencyKey: string | undefined;
}

/** Cards a second that an estimate promises; a small machine does twice as many. */
const ESTIMATED_RATE = 5_000;

/** Seconds that work on so many cards takes, for the answer of an operation that was taken on. */
export function estimatedSeconds(cards: number): number {
  return Math.max(1, Math.ceil(cards / ESTIMATED_RATE));
}

/** Rows as they are stored with the task, made chunk by chunk: the database stores one while the next is made. */
function* inputsOf(
  cards: readonly unknown[],
  options: Flags,
): Generator<string | Buffer, undefined, undefined> {
  for (let first = 0; first < cards.length; first += CHUNK_CARDS) {
    const rows = cards.slice(first, first + CHUNK_CARDS).map((row, place) => ({ index: first + place, row }));
    yield* writeInput(batchOf(rows, options));
  }
}

/** Takes on what is asked for in the body of a request. */
@Injectable()
export class BulkService {
  constructor(
    private readonly tasks: Tasks,
    private readonly accepting: AcceptTask,
    private readonly workers: Workers,
  ) {}

  /**
   * Checks the rows of an import and stores them with its task: once taken on, nothing of the request is looked at
   * again. A bad row is no reason to refuse; it becomes a row error of the task.
   * @throws SeedRefusal without cards, or with too many
   */
  async import(
    { cards, run_at, webhook_url, ...options }: ImportRequest,
    by: AskedBy,
  ): Promise<AcceptedTask> {
    refuseCardCount(cards.length);
    const params: ImportParams = { ...options, source: { kind: 'inline' }, webhook_url: webhook_url ?? null };
    return this.accepting.accept({
      kind: 'import',
      owner: by.owner,
      params,
      inputs: { [Symbol.iterator]: () => inputsOf(cards, options) },
      total: cards.length,
      ...(run_at === undefined ? {} : { runAt: new Date(run_at) }),
      message: `Bulk import initiated for ${cards.length} cards`,
      estimatedSeconds: estimatedSeconds(cards.length),
      idempotencyKey: by.idempotencyKey,
      identity: [cards, params, run_at],
    });
  }

  /** Whether anybody works on what is taken on. */
  async health(version: string): Promise<HealthView> {
    const [workers, { pending, running }] = await Promise.all([this.workers.count(), this.tasks.backlog()]);
    return {
      status: workers > 0 ? 'healthy' : 'degraded',
      service: 'bulk-operations',
      version,
      celery_workers: workers > 0 ? 'healthy' : 'no_workers',
      worker_count: workers,
      pending_tasks: pending,
      running_tasks: running,
    };
  }
}
