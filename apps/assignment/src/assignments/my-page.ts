import { decodeCursor, encodeCursor } from '@hornbook/contracts';
import { queryRows, type Tx } from '@hornbook/database';
import { ValidationError } from '@hornbook/service-kit';
import { etagOf } from '../items/etag.js';
import { fullView, slimView, type ItemRow, type ItemState } from '../items/item.js';
import { ITEM_COLUMNS, ITEM_TABLES, STATE_COLUMNS } from '../items/item-states.js';
import type { MyPage, MyQuery } from './assignments.schemas.js';

/** Sort key of the list, in the database's own resolution: milliseconds would leave items out. */
const SINCE = (column: string): string =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS since`;
const sincePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

// Each half reads its own index up to the limit; a sort over both is over two pages at most.
const mine = (columns: string): string => `
  SELECT * FROM (
    (SELECT ${columns}, ${SINCE('s.assigned_at')}, NULL AS slot, NULL AS "slotVersion", NULL AS "slotLease"
     FROM ${ITEM_TABLES}
     WHERE s.assigned_to = $1 AND ($2::timestamptz IS NULL OR (s.assigned_at, s.item_pk) > ($2, $3::bigint))
     ORDER BY s.assigned_at, s.item_pk LIMIT $4)
    UNION ALL
    (SELECT ${columns}, ${SINCE('held.claimed_at')}, held.slot, held.version, held.lease_expires_at
     FROM ${ITEM_TABLES} JOIN review_slots AS held ON held.item_pk = i.pk
     WHERE held.reviewer = $1 AND held.submitted_at IS NULL AND held.open
       AND ($2::timestamptz IS NULL OR (held.claimed_at, held.item_pk) > ($2, $3::bigint))
     ORDER BY held.claimed_at, held.item_pk LIMIT $4)
  ) AS mine ORDER BY since, pk LIMIT $4`;
const SLIM = mine(STATE_COLUMNS);
const FULL = mine(ITEM_COLUMNS);

interface MyRow extends ItemState {
  readonly since: string;
  readonly slot: number | null;
  readonly slotVersion: number | null;
  readonly slotLease: Date | null;
}

/** @throws ValidationError when the cursor is not one of this list */
function readCursor(cursor: string | undefined): [string, string] | [null, null] {
  if (cursor === undefined) return [null, null];
  const [since, pk] = decodeCursor(cursor, 2) ?? [];
  if (
    typeof since === 'string' &&
    sincePattern.test(since) &&
    typeof pk === 'string' &&
    /^\d{1,18}$/.test(pk)
  ) {
    return [since, pk];
  }
  throw new ValidationError([
    {
      field: 'cursor',
      error: 'Not a cursor of this list; send nextCursor as it was given',
      code: 'invalid_cursor',
    },
  ]);
}

/** One page of what a reviewer holds, longest held first: items, and slots of overlapping reviews. One statement. */
export async function myPage(tx: Tx, user: string, { limit, cursor, full }: MyQuery): Promise<MyPage> {
  const [since, pk] = readCursor(cursor);
  const found = await queryRows<MyRow>(tx, full ? FULL : SLIM, [user, since, pk, limit + 1]);
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  return {
    items: rows.map((row) => view(row, user, full)),
    nextCursor: last && found.length > limit ? encodeCursor([last.since, last.pk]) : null,
  };
}

function view(row: MyRow, user: string, full: boolean): MyPage['items'][number] {
  const shown = full ? fullView(row as MyRow & ItemRow) : slimView(row);
  if (row.slot === null) return shown;
  return {
    ...shown,
    slot: row.slot,
    etag: etagOf(`${String(row.version)}.${String(row.slotVersion)}`),
    assignedTo: user,
    assignedAt: new Date(row.since).toISOString(),
    leaseExpiresAt: row.slotLease?.toISOString() ?? null,
  };
}
