import { defineTaskKind, type RowError, type TaskKind } from '@hornbook/tasks';
import { z } from 'zod';
import type { FinishTask } from '../finish-task.js';
import { operateOnCards } from './cards-by-id.js';

const deleteParamsSchema = z.object({
  soft_delete: z.boolean(),
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
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A text of the input of these kinds. */
export function writeIds(ids: readonly string[]): string {
  return JSON.stringify(ids);
}

/** Deletes cards by id; those that are unknown and those of somebody else are reported alike. */
export function deleteKind(finish: FinishTask): TaskKind<DeleteParams, Place> {
  return byId(
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
  finish: NonNullable<TaskKind<Params, Place>['finish']>,
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
