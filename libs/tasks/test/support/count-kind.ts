import type { Tx } from '@hornbook/database';
import { z } from 'zod';
import { defineTaskKind, type ChunkContext, type TaskKind } from '../../src/index.js';

/** How many numbers a task of these tests writes, and how many at a time. */
export const countParams = z.object({ count: z.int().min(0), chunk: z.int().min(1).default(10) });
/** Parameters of a counting task. */
export type CountParams = z.output<typeof countParams>;
/** Its checkpoint. */
export interface CountCheckpoint {
  readonly next: number;
}

/** Writes numbers `from` to `to` (excluded) as effects of a task. */
export async function writeNumbers(tx: Tx, task: string, from: number, to: number): Promise<void> {
  await tx.query('INSERT INTO effects (task, n) SELECT $1, n FROM generate_series($2::int, $3::int) AS n', [
    task,
    from,
    to - 1,
  ]);
}

/** What a chunk of a counting task is told. */
export type CountContext = ChunkContext<CountParams, CountCheckpoint, undefined, undefined>;
type CountKind = TaskKind<CountParams, CountCheckpoint>;

/**
 * A kind that counts: chunk after chunk it writes the next numbers.
 * @param hooks what a test does in a chunk before (`before`) or after (`after`) its statement; further members of the kind
 */
export function countKind({
  before,
  after,
  name = 'count',
  ...members
}: {
  before?: (context: CountContext) => Promise<void> | void;
  after?: (context: CountContext) => Promise<void> | void;
} & Partial<Omit<CountKind, 'params' | 'chunk' | 'prepare' | 'read' | 'stage' | 'release'>> = {}): TaskKind<
  CountParams,
  CountCheckpoint
> {
  return defineTaskKind<CountParams, CountCheckpoint>({
    name,
    params: countParams,
    async chunk(context) {
      await before?.(context);
      const { task, tx, checkpoint } = context;
      const from = checkpoint?.next ?? 0;
      const to = Math.min(task.params.count, from + task.params.chunk);
      await writeNumbers(tx, task.id, from, to);
      await after?.(context);
      return {
        checkpoint: { next: to },
        processed: to - from,
        total: task.params.count,
        counters: { written: to - from, chunks: 1 },
        done: to === task.params.count,
      };
    },
    async finish({ task, tx }) {
      await tx.query('INSERT INTO endings (task, status) VALUES ($1, $2)', [task.id, task.status]);
      return { written: task.counters['written'] ?? 0 };
    },
    ...members,
  });
}
