import {
  defineTaskKind,
  type ChunkContext,
  type ChunkOutcome,
  type FinishContext,
  type Json,
  type RowError,
  type TaskKind,
} from '@hornbook/tasks';
import { z } from 'zod';
import type { FinishTask } from '../finish-task.js';
import { cardFilterSchema } from '../export/card-filter.js';
import { CHUNK_IDS } from '../limits.js';
import { operateOnCards } from './cards-by-id.js';
import { countMatching, nextMatching } from './delete-matching.js';

const deleteParamsSchema = z.object({
  soft_delete: z.boolean().default(true),
  /** Of a schedule, whose runs find their cards themselves. */
  filter: cardFilterSchema.optional(),
  /** With `filter`: most cards that a run may delete. */
  max_cards: z.int().optional(),
  webhook_url: z.string().nullable().default(null),
});
const restoreParamsSchema = z.object({ webhook_url: z.string().nullable().default(null) });

/** Parameters of a `card-bulk.delete` task. */
export type DeleteParams = z.output<typeof deleteParamsSchema>;
/** Parameters of a `card-bulk.restore` task. */
export type RestoreParams = z.output<typeof restoreParamsSchema>;

interface Place {
  readonly seq: number;
  /** Position of the chunk's first id in the whole input. */
  readonly first: number;
  /** Of a delete that finds its cards itself: the last one that was deleted. */
  readonly after?: string | null;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A text of the input of these kinds. */
export function writeIds(ids: readonly string[]): string {
  return JSON.stringify(ids);
}

/**
 * Deletes cards by id, those that are unknown and those of somebody else reported alike; or those that a filter finds
 * when the task begins, as a schedule has it.
 */
export function deleteKind(finish: FinishTask): TaskKind<DeleteParams, Place> {
  const named = byId<DeleteParams>(
    'card-bulk.delete',
    deleteParamsSchema,
    ({ soft_delete }) => (soft_delete ? 'soft_delete' : 'hard_delete'),
    ['cards_deleted', 'cards_already_deleted'],
    (context) =>
      finish.cards(context, 'cards_deleted', {
        soft_delete: context.task.params.soft_delete,
        already_deleted: context.task.counters['cards_already_deleted'] ?? 0,
      }),
  );
  return {
    ...named,
    chunk: (context) => (context.task.params.filter ? deleteMatching(context) : named.chunk(context)),
  };
}

/** Never deletes more cards than it counted at first, whatever is added meanwhile. */
async function deleteMatching({
  task: { owner, params, total },
  tx,
  checkpoint,
}: ChunkContext<DeleteParams, Place, unknown, unknown>): Promise<ChunkOutcome<Place>> {
  const { filter = { published_only: false }, max_cards, soft_delete } = params;
  const matching = { owner, filter, max_cards };
  const { first, after = null } = checkpoint ?? { first: 0 };
  const counted = checkpoint ? { total: total ?? 0 } : await countMatching(tx, matching);
  const place = { seq: 0, first, after };
  if ('abort' in counted) return { checkpoint: place, ...counted };
  const ids = await nextMatching(tx, matching, after, Math.min(CHUNK_IDS, counted.total - first));
  const outcome = await operateOnCards(tx, soft_delete ? 'soft_delete' : 'hard_delete', owner, ids);
  const reached = first + ids.length;
  return {
    checkpoint: { seq: 0, first: reached, after: ids.at(-1) ?? after },
    processed: ids.length,
    total: counted.total,
    counters: { cards_deleted: outcome.done, cards_already_deleted: outcome.already, cards_failed: 0 },
    done: ids.length === 0 || reached >= counted.total,
  };
}

/** Takes soft deletes back. */
export function restoreKind(finish: FinishTask): TaskKind<RestoreParams, Place> {
  return byId(
    'card-bulk.restore',
    restoreParamsSchema,
    () => 'restore',
    ['cards_restored', 'cards_not_deleted'],
    (context) =>
      finish.cards(context, 'cards_restored', {
        not_deleted: context.task.counters['cards_not_deleted'] ?? 0,
      }),
  );
}

function byId<Params>(
  name: string,
  params: z.ZodType<Params>,
  operation: (params: Params) => 'soft_delete' | 'hard_delete' | 'restore',
  [done, already]: readonly [string, string],
  finish: (context: FinishContext<Params, Place>) => Promise<Json | undefined>,
): TaskKind<Params, Place> {
  return defineTaskKind<Params, Place>({
    name,
    params,
    async chunk({ task, tx, checkpoint, input }) {
      const { seq, first } = checkpoint ?? { seq: 0, first: 0 };
      const text = await input(seq);
      if (text === undefined) return { checkpoint: { seq, first }, done: true };
      const ids = JSON.parse(text) as string[];
      const valid = ids.map((id) => (uuid.test(id) ? id : null));
      const outcome = await operateOnCards(tx, operation(task.params), task.owner, valid);
      return {
        checkpoint: { seq: seq + 1, first: first + ids.length },
        processed: ids.length,
        counters: { [done]: outcome.done, [already]: outcome.already, cards_failed: outcome.missing.length },
        errors: outcome.missing.map((place) => notFound(first + place, ids[place] ?? '')),
        done: first + ids.length === task.total,
      };
    },
    finish,
  });
}

function notFound(index: number, id: string): RowError {
  return {
    index,
    field: 'card_ids',
    code: 'not_found',
    message: 'Card not found',
    row: id,
    details: { card_id: id },
  };
}
