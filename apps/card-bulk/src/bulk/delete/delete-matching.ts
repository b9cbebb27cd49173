import { queryRows, type Tx } from '@hornbook/database';
import type { TaskFailure } from '@hornbook/tasks';
import { selectionSql, type CardSelection } from '../export/card-filter.js';

/** Which cards a delete finds for itself: that of a schedule, where nobody can name them or confirm how many. */
export interface Matching {
  readonly owner: string;
  readonly filter: CardSelection;
  /** Most of them that may be deleted; undefined when somebody has confirmed the number. */
  readonly max_cards: number | undefined;
}

const FIRST = '00000000-0000-0000-0000-000000000000';

/** How many cards match, and why they are not to be deleted if they are too many. */
export async function countMatching(
  tx: Tx,
  { owner, filter, max_cards }: Matching,
): Promise<{ total: number; abort?: TaskFailure }> {
  const parameters: unknown[] = [];
  const where = selectionSql(filter, owner, parameters);
  const [row] = await queryRows<{ total: number }>(
    tx,
    `SELECT count(*)::integer AS total FROM cards WHERE ${where}`,
    parameters,
  );
  const total = row?.total ?? 0;
  if (max_cards === undefined || total <= max_cards) return { total };
  const message = `The filter matches ${total} cards, more than max_cards (${max_cards}) allows; nothing was deleted`;
  return { total, abort: { code: 'too_many_cards', message } };
}

/** The next ids in order. @param after the last one of those before; null at the beginning */
export async function nextMatching(
  tx: Tx,
  { owner, filter }: Matching,
  after: string | null,
  limit: number,
): Promise<string[]> {
  const parameters: unknown[] = [];
  const where = selectionSql(filter, owner, parameters);
  const rows = await queryRows<{ id: string }>(
    tx,
    `SELECT id FROM cards WHERE ${where} AND id > $${parameters.push(after ?? FIRST)}::uuid
     ORDER BY id LIMIT $${parameters.push(limit)}`,
    parameters,
  );
  return rows.map(({ id }) => id);
}
