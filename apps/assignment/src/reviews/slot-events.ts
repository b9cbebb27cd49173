import { GroundTruthAssigned, GroundTruthReleased } from '@hornbook/contracts';
import { queryRows, type Tx } from '@hornbook/database';
import type { Outbox } from '@hornbook/messaging';
import type { ReleaseReason } from '../items/publish-change.js';
import type { ClaimedSlot, FreedSlot } from './slots.js';

/** Items that one event names at most. */
const MOST = 1_000;

interface NamedItem {
  readonly pk: string;
  readonly dataset: string;
  readonly id: string;
  readonly version: number;
}

/** Tells that slots were handed to a reviewer by one call: one event for up to 1,000. */
export async function publishSlotsAssigned(
  outbox: Outbox,
  tx: Tx,
  slots: readonly Pick<ClaimedSlot, 'itemPk' | 'claimedAt'>[],
  { user, actor }: { readonly user: string; readonly actor: string },
): Promise<void> {
  if (slots.length === 0) return;
  const names = await namesOf(tx, slots);
  const changedAt = slots[0]?.claimedAt.toISOString() ?? '';
  const messages = chunks(slots).map((some) => ({
    key: user,
    data: {
      assignedTo: user,
      items: some.flatMap((slot) => named(names, slot)),
      changedBy: actor,
      changedAt,
    },
  }));
  await outbox.publishAll(tx, GroundTruthAssigned, messages);
}

/** Tells that reviewers no longer hold slots: one event for up to 1,000 of one reviewer. */
export async function publishSlotsReleased(
  outbox: Outbox,
  tx: Tx,
  slots: readonly FreedSlot[],
  { reason, actor }: { readonly reason: ReleaseReason; readonly actor: string },
): Promise<void> {
  if (slots.length === 0) return;
  const names = await namesOf(tx, slots);
  const changedAt = new Date().toISOString();
  const messages = [...Map.groupBy(slots, ({ reviewer }) => reviewer)].flatMap(([reviewer, own]) =>
    chunks(own).map((some) => ({
      key: reviewer,
      data: {
        ...{ releasedFrom: reviewer, reason, changedBy: actor, changedAt },
        items: some.flatMap((slot) => named(names, slot)),
      },
    })),
  );
  await outbox.publishAll(tx, GroundTruthReleased, messages);
}

async function namesOf(
  tx: Tx,
  slots: readonly { readonly itemPk: string }[],
): Promise<Map<string, NamedItem>> {
  const rows = await queryRows<NamedItem>(
    tx,
    `SELECT i.pk, d.name AS dataset, i.id, s.version FROM items AS i JOIN datasets AS d ON d.id = i.dataset_id
       JOIN item_states AS s ON s.item_pk = i.pk WHERE i.pk = ANY ($1::bigint[])`,
    [slots.map(({ itemPk }) => itemPk)],
  );
  return new Map(rows.map((row) => [row.pk, row]));
}

function named(
  names: ReadonlyMap<string, NamedItem>,
  { itemPk }: { readonly itemPk: string },
): { dataset: string; id: string; version: number }[] {
  const item = names.get(itemPk);
  return item ? [{ dataset: item.dataset, id: item.id, version: item.version }] : [];
}

function chunks<Item>(items: readonly Item[]): Item[][] {
  return Array.from({ length: Math.ceil(items.length / MOST) }, (_, index) =>
    items.slice(index * MOST, (index + 1) * MOST),
  );
}
