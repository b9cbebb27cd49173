import { decodeCursor, encodeCursor } from '@hornbook/contracts';
import { queryRows, type Tx } from '@hornbook/database';
import { ValidationError } from '@hornbook/service-kit';
import { compact, type ContentChanges, type ItemContent } from '../items/item-content.js';
import type { ItemRow, ItemStatus } from '../items/item.js';
import type { HistoryEntry, HistoryPage, HistoryQuery } from './ground-truths.schemas.js';

interface EventRow {
  readonly version: number;
  readonly action: HistoryEntry['action'];
  readonly actor: string;
  readonly at: Date;
  readonly fromStatus: ItemStatus;
  readonly status: ItemStatus;
  readonly fromUser: string | null;
  readonly toUser: string | null;
  readonly reason: string | null;
  readonly changes: ContentChanges | null;
}

const EVENTS = `
  SELECT version, action, actor, at, from_status AS "fromStatus", to_status AS status, from_user AS "fromUser",
    to_user AS "toUser", reason, changes
  FROM item_history WHERE item_pk = $1 AND version < $2::bigint ORDER BY version DESC LIMIT $3`;

const MAX_VERSION = 2_147_483_647;

/** Versions of an item, newest first. The first one is the item's import. */
export async function historyPage(
  tx: Tx,
  item: ItemRow,
  { limit, cursor }: HistoryQuery,
): Promise<HistoryPage> {
  const before = readCursor(cursor);
  const events = await queryRows<EventRow>(tx, EVENTS, [item.pk, before, limit + 1]);
  const entries: HistoryEntry[] = events.map((event) => ({
    ...event,
    at: event.at.toISOString(),
    changes: event.changes ?? {},
  }));
  if (events.length <= limit && before > 1) entries.push(importOf(item, events.at(-1)));
  const rows = entries.slice(0, limit);
  const last = rows.at(-1);
  return { items: rows, nextCursor: last && entries.length > limit ? encodeCursor([last.version]) : null };
}

function importOf(item: ItemRow, second: EventRow | undefined): HistoryEntry {
  return {
    version: 1,
    action: 'imported',
    actor: item.createdBy,
    at: item.createdAt.toISOString(),
    fromStatus: null,
    // Only a version of its own changes a status: what the second found is what the first was.
    status: second?.fromStatus ?? (item.version === 1 ? item.status : 'draft'),
    fromUser: null,
    toUser: null,
    reason: null,
    changes: {},
  };
}

/**
 * Content as it was in a version: the changes since are taken back one by one.
 * @returns undefined when the item has no such version
 */
export async function contentAt(tx: Tx, item: ItemRow, version: number): Promise<ItemContent | undefined> {
  if (version < 1 || version > item.version) return undefined;
  const later = await queryRows<{ changes: ContentChanges }>(
    tx,
    `SELECT changes FROM item_events WHERE item_pk = $1 AND version > $2 AND changes IS NOT NULL ORDER BY version DESC`,
    [item.pk, version],
  );
  return compact(later.reduce((content, { changes }) => ({ ...content, ...before(changes) }), item.content));
}

function before(changes: ContentChanges): ItemContent {
  return Object.fromEntries(Object.entries(changes).map(([name, { from }]) => [name, from]));
}

function readCursor(cursor: string | undefined): number {
  if (cursor === undefined) return MAX_VERSION;
  const [version] = decodeCursor(cursor, 1) ?? [];
  if (typeof version === 'number' && Number.isInteger(version) && version > 0 && version <= MAX_VERSION)
    return version;
  throw new ValidationError([
    {
      field: 'cursor',
      error: 'Not a cursor of this list; send nextCursor as it was given',
      code: 'invalid_cursor',
    },
  ]);
}
