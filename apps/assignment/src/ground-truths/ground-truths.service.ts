import { decodeCursor, encodeCursor, type Identity } from '@hornbook/contracts';
import { Database, type Tx } from '@hornbook/database';
import { faultsOf, ValidationError } from '@hornbook/service-kit';
import { Injectable } from '@nestjs/common';
import { decideCuration, requireVersion, type Wish } from '../assignments/decide.js';
import type { FullItem } from '../assignments/assignments.schemas.js';
import { readIfMatch } from '../items/etag.js';
import { findItem, lockItem, type ItemAddress } from '../items/item-states.js';
import { isSame } from '../items/item-content.js';
import { fullView, type ItemRow } from '../items/item.js';
import { InvalidTransitionError, ItemNotFoundError } from '../items/items.errors.js';
import { Transitions, type Change, type Target } from '../items/transitions.js';
import { exclusiveGroups } from '../tags/exclusive-groups.js';
import {
  curationSchema,
  type CurationRequest,
  type HistoryPage,
  type HistoryQuery,
  type ItemPage,
  type ListQuery,
} from './ground-truths.schemas.js';
import { contentAt, historyPage } from './history.js';
import { wordQuery } from '../items/words.js';
import { FEW_DRAFTS, listSql, type ListedDataset } from './list-sql.js';

const DATASETS = `
  SELECT d.id, $2 >= (
    SELECT coalesce(sum(c.items), 0) FROM item_counts AS c
    WHERE c.dataset_id = d.id AND c.tag = '' AND c.state IN ('draft', 'skipped')
  ) AS "hasFewDrafts"
  FROM datasets AS d WHERE $1::text IS NULL OR d.name = $1`;

/** What curators do with items, whoever holds them. */
@Injectable()
export class GroundTruthsService {
  constructor(
    private readonly database: Database,
    private readonly transitions: Transitions,
  ) {}

  /** One page, newest first. */
  async list({ limit, cursor, dataset, q, ...filter }: ListQuery): Promise<ItemPage> {
    const before = readPkCursor(cursor);
    const datasets = await this.database.query<ListedDataset>(DATASETS, [dataset ?? null, FEW_DRAFTS]);
    const query = q === undefined ? undefined : wordQuery(q);
    const { sql, parameters } = listSql(datasets, { ...filter, before, q: query }, limit + 1);
    const found = await this.database.query<ItemRow>(sql, parameters);
    const rows = found.slice(0, limit);
    const last = rows.at(-1);
    return {
      items: rows.map((row) => fullView(row) as FullItem),
      nextCursor: last && found.length > limit ? encodeCursor([last.pk]) : null,
    };
  }

  /** @throws ItemNotFoundError */
  async get(address: ItemAddress): Promise<ItemRow> {
    const item = await findItem(this.database.dataSource.manager, address);
    if (!item) throw new ItemNotFoundError(address.dataset, address.id);
    return item;
  }

  /** Versions of an item, newest first. @throws ItemNotFoundError */
  async history(address: ItemAddress, query: HistoryQuery): Promise<HistoryPage> {
    return historyPage(this.database.dataSource.manager, await this.get(address), query);
  }

  /** @throws ItemNotFoundError, ValidationError, then what `decideCuration` throws */
  async put(
    address: ItemAddress,
    body: unknown,
    ifMatch: string | undefined,
    caller: Identity,
  ): Promise<ItemRow> {
    const request = curationSchema.safeParse(body, { reportInput: true });
    return this.database.transaction(async (tx) => {
      const item = await this.locked(tx, address);
      if (!request.success) throw new ValidationError(faultsOf(request.error.issues));
      return this.curate(tx, item, request.data, ifMatch, caller);
    });
  }

  /** Deletes an item; it stays and can be reopened. Sent again it answers the same. */
  async delete(
    address: ItemAddress,
    reason: string | null,
    ifMatch: string | undefined,
    caller: Identity,
  ): Promise<ItemRow> {
    return this.database.transaction(async (tx) => {
      const item = await this.locked(tx, address);
      return this.curate(tx, item, { status: 'deleted', reason }, ifMatch, caller);
    });
  }

  /** Makes an item a draft again, with the content of an earlier version. @throws ValidationError without such a version */
  async restore(
    address: ItemAddress,
    version: number,
    ifMatch: string | undefined,
    caller: Identity,
  ): Promise<ItemRow> {
    return this.database.transaction(async (tx) => {
      const item = await this.locked(tx, address);
      const content = await contentAt(tx, item, version);
      if (!content) {
        const error = `Version ${String(version)} does not exist (1–${String(item.version)} do)`;
        throw new ValidationError([{ field: 'version', error, code: 'unknown_version' }]);
      }
      requireVersion(item, readIfMatch(ifMatch));
      const change = {
        ...who(caller),
        action: 'restored',
        status: 'draft',
        reason: `version ${String(version)}`,
      } as const;
      return this.changed(tx, change, { item, content });
    });
  }

  private async curate(
    tx: Tx,
    item: ItemRow,
    { status, reason, priority, dueAt, ...edits }: CurationRequest,
    ifMatch: string | undefined,
    caller: Identity,
  ): Promise<ItemRow> {
    const wish: Wish = { status, edits, precondition: readIfMatch(ifMatch) };
    if (isDoneAlready(item, wish, caller) && priority === undefined && dueAt === undefined) return item;
    if (status === 'skipped' && item.status !== 'draft' && item.status !== 'skipped') {
      throw new InvalidTransitionError(item, 'only drafts are skipped');
    }
    const decision = decideCuration(item, wish, await exclusiveGroups(tx));
    const schedules = priority !== undefined || dueAt !== undefined;
    const isScheduled = schedules && decision.status === undefined && decision.content === undefined;
    const change: Change = {
      ...who(caller),
      action: isScheduled ? 'scheduled' : decision.action,
      reason: reason ?? null,
      ...(decision.status === undefined ? {} : { status: decision.status }),
      ...(priority === undefined ? {} : { priority }),
      ...(dueAt === undefined ? {} : { dueAt: dueAt === null ? null : new Date(dueAt) }),
    };
    return this.changed(tx, change, { item, ...(decision.content ? { content: decision.content } : {}) });
  }

  private async locked(tx: Tx, address: ItemAddress): Promise<ItemRow> {
    const item = await lockItem(tx, address);
    if (!item) throw new ItemNotFoundError(address.dataset, address.id);
    return item;
  }

  private async changed(tx: Tx, change: Change, target: Target): Promise<ItemRow> {
    const [now] = await this.transitions.apply(tx, change, [target]);
    if (!now) throw new Error(`Item ${target.item.pk} changed under its lock`);
    return now;
  }
}

const who = ({ sub, owner }: Identity) => ({ actor: sub, user: owner });

/** The same change sent again after its answer was lost. */
function isDoneAlready(item: ItemRow, { status, edits, precondition }: Wish, caller: Identity): boolean {
  if (precondition.kind !== 'tags' || !precondition.tags.includes(String(item.version - 1))) return false;
  const content = item.content as Record<string, unknown>;
  const isSameStatus = status === undefined || status === item.status;
  return (
    item.updatedBy === caller.sub &&
    isSameStatus &&
    Object.entries(edits).every(([name, value]) => isSame(content[name], value))
  );
}

function readPkCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const [pk] = decodeCursor(cursor, 1) ?? [];
  if (typeof pk === 'string' && /^\d{1,18}$/.test(pk)) return pk;
  throw new ValidationError([
    {
      field: 'cursor',
      error: 'Not a cursor of this list; send nextCursor as it was given',
      code: 'invalid_cursor',
    },
  ]);
}
