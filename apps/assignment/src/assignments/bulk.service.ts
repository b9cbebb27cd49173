import type { Identity } from '@hornbook/contracts';
import { Database, queryRows, type Tx } from '@hornbook/database';
import { Outbox } from '@hornbook/messaging';
import { ProblemError, ValidationError } from '@hornbook/service-kit';
import { Injectable } from '@nestjs/common';
import { once } from '../idempotency/idempotency.js';
import { etagOf, readIfMatch } from '../items/etag.js';
import { holdPolicies, lockItems } from '../items/item-states.js';
import type { ItemRow } from '../items/item.js';
import { InvalidTransitionError, ItemNotFoundError } from '../items/items.errors.js';
import { Transitions, type Change, type LockedVersion } from '../items/transitions.js';
import { publishSlotsAssigned, publishSlotsReleased } from '../reviews/slot-events.js';
import { releaseSlots, transferSlots } from '../reviews/slots.js';
import { exclusiveGroups } from '../tags/exclusive-groups.js';
import type { BulkAnswer, BulkRequest, BulkResult, TransferAnswer, TransferRequest } from './bulk.schemas.js';
import { isManager } from './caller.js';
import { decideCuration, decideReview, isRepeated, refuseStar, requireVersion, type Wish } from './decide.js';

/** Items one transaction of a transfer moves. */
const MOVED_AT_ONCE = 1_000;

const statusOf = { approve: 'approved', skip: 'skipped', delete: 'deleted', reopen: 'draft' } as const;

/** The same change to many items: a constant number of statements, and a result for each item. */
@Injectable()
export class BulkService {
  constructor(
    private readonly database: Database,
    private readonly transitions: Transitions,
    private readonly outbox: Outbox,
  ) {}

  /** @throws ProblemError `forbidden` when the action is for curators; what is wrong with one item stands in its result */
  async change(request: BulkRequest, caller: Identity, key: string | undefined): Promise<BulkAnswer> {
    const needsManager = ['reopen', 'assign', 'schedule'].includes(request.action);
    if (needsManager && !isManager(caller)) {
      throw new ProblemError('forbidden', {
        detail: `The action ${request.action} is for curators and admins`,
      });
    }
    const route = 'POST /v1/assignments/bulk';
    return this.database.transaction((tx) =>
      once(tx, { owner: caller.owner, key, route, body: request }, () => this.changeAll(tx, request, caller)),
    );
  }

  private async changeAll(tx: Tx, request: BulkRequest, caller: Identity): Promise<BulkAnswer> {
    if (request.action === 'assign') await holdPolicies(tx, request.items);
    const locked = await lockItems(tx, request.items);
    const byName = new Map(locked.map((item) => [`${item.dataset}/${item.id}`, item]));
    const groups = await exclusiveGroups(tx);
    const results = new Map<number, BulkResult>();
    const wanted = new Map<string, number>();
    const targets: { item: ItemRow }[] = [];
    request.items.forEach((named, index) => {
      const { dataset, id } = named;
      try {
        const item = byName.get(`${dataset}/${id}`);
        if (!item || (named.bucket !== undefined && named.bucket.toLowerCase() !== item.bucket)) {
          throw new ItemNotFoundError(dataset, id);
        }
        if (wanted.has(item.pk))
          throw new InvalidTransitionError(item, 'it stands in this request more than once');
        if (isWanted(item, named.etag, request, caller, groups)) {
          wanted.set(item.pk, index);
          targets.push({ item });
        } else results.set(index, done(index, item));
      } catch (error) {
        if (!(error instanceof ProblemError)) throw error;
        results.set(index, { index, dataset, id, ok: false, code: error.code, message: error.message });
      }
    });
    for (const item of await this.transitions.apply(tx, changeOf(request, caller), targets)) {
      const index = wanted.get(item.pk);
      if (index !== undefined) results.set(index, done(index, item));
    }
    const all = [...results.values()].sort((one, other) => one.index - other.index);
    const succeeded = all.filter(({ ok }) => ok).length;
    return { succeeded, failed: all.length - succeeded, results: all };
  }

  /** Gives everything a user holds to another, or back to the pool; a thousand a transaction, so it may be sent again. */
  async transfer({ from, to, datasets, reason }: TransferRequest, caller: Identity): Promise<TransferAnswer> {
    const ids = datasets && (await this.datasetIds(datasets));
    let items = 0;
    for (let moved = MOVED_AT_ONCE; moved === MOVED_AT_ONCE; items += moved) {
      moved = await this.database.transaction(async (tx) => {
        const locked = await queryRows<LockedVersion>(
          tx,
          `SELECT item_pk AS pk, version FROM item_states AS s
           WHERE s.assigned_to = $1 AND ($2::integer[] IS NULL OR s.dataset_id = ANY ($2))
           ORDER BY s.item_pk LIMIT $3 FOR UPDATE OF s`,
          [from, ids ?? null, MOVED_AT_ONCE],
        );
        const change: Change & { action: 'transferred' | 'released' } = {
          ...who(caller),
          action: to === null ? 'released' : 'transferred',
          assignTo: to,
          reason: reason ?? null,
          releasedBecause: 'transfer',
        };
        return (await this.transitions.hand(tx, change, locked)).length;
      });
    }
    const slots = ids === undefined ? await this.moveSlots(from, to, caller, reason ?? null) : 0;
    return { items, slots };
  }

  private async moveSlots(
    from: string,
    to: string | null,
    caller: Identity,
    reason: string | null,
  ): Promise<number> {
    return this.database.transaction(async (tx) => {
      const { moved, released } =
        to === null
          ? {
              moved: [],
              released: await releaseSlots(
                tx,
                { reviewer: from },
                { actor: caller.sub, action: 'released', reason },
              ),
            }
          : await transferSlots(tx, { from, to, actor: caller.sub, reason });
      const by = { reason: 'transfer', actor: caller.sub } as const;
      await publishSlotsReleased(this.outbox, tx, [...moved, ...released], by);
      if (to !== null) {
        const claimedAt = new Date();
        const taken = moved.map((slot) => ({ ...slot, claimedAt }));
        await publishSlotsAssigned(this.outbox, tx, taken, { user: to, actor: caller.sub });
      }
      return moved.length + released.length;
    });
  }

  private async datasetIds(names: readonly string[]): Promise<number[]> {
    const found = await this.database.query<{ id: number; name: string }>(
      'SELECT id, name FROM datasets WHERE name = ANY ($1::text[])',
      [names],
    );
    const known = new Set(found.map(({ name }) => name));
    const faults = names.flatMap((name, index) =>
      known.has(name)
        ? []
        : [
            {
              field: `datasets[${String(index)}]`,
              error: `There is no dataset ${name}`,
              code: 'unknown_dataset',
            },
          ],
    );
    if (faults.length > 0) throw new ValidationError(faults);
    return found.map(({ id }) => id);
  }
}

const who = ({ sub, owner }: Identity) => ({ actor: sub, user: owner });

function changeOf({ action, reason, assignTo, priority, dueAt }: BulkRequest, caller: Identity): Change {
  const common = { ...who(caller), reason: reason ?? null };
  switch (action) {
    case 'approve':
      return { ...common, action: 'approved', status: 'approved' };
    case 'skip':
      return { ...common, action: 'skipped', status: 'skipped' };
    case 'delete':
      return { ...common, action: 'deleted', status: 'deleted' };
    case 'reopen':
      return { ...common, action: 'reopened', status: 'draft' };
    case 'release':
      return { ...common, action: 'released', assignTo: null };
    case 'assign':
      return {
        ...common,
        action: 'assigned',
        status: 'draft',
        assignTo: assignTo ?? null,
        releasedBecause: 'force',
      };
    case 'schedule':
      return {
        ...common,
        action: 'scheduled',
        ...(priority === undefined ? {} : { priority }),
        ...(dueAt === undefined ? {} : { dueAt: dueAt === null ? null : new Date(dueAt) }),
      };
  }
}

/**
 * Whether an item is to be changed; false when it is already as the request wants it, sent again.
 * @throws ProblemError with why it cannot be, in the same order as for one item
 */
function isWanted(
  item: ItemRow,
  etag: string,
  { action, assignTo }: BulkRequest,
  caller: Identity,
  groups: ReadonlySet<string>,
): boolean {
  if (action === 'approve' || action === 'skip' || action === 'delete' || action === 'reopen') {
    const wish: Wish = { status: statusOf[action], edits: {}, precondition: readIfMatch(etag) };
    if (isRepeated(item, wish, caller)) return false;
    if (!isManager(caller) || item.assignedTo === caller.owner) decideReview(item, wish, caller, groups);
    else if (action === 'skip' && item.status !== 'draft')
      throw new InvalidTransitionError(item, 'only drafts are skipped');
    else decideCuration(item, wish, groups);
    return item.status !== wish.status;
  }
  const precondition = readIfMatch(etag);
  refuseStar(precondition, caller);
  if (action === 'release') {
    if (item.assignedTo !== caller.owner && !isManager(caller))
      decideReview(item, { status: undefined, edits: {}, precondition }, caller, groups);
    if (item.assignedTo === null) return false;
  }
  if (action === 'assign') {
    if (item.requiredReviews > 1)
      throw new InvalidTransitionError(item, 'its slots are handed out by self-serve');
    if (item.status === 'approved' || item.status === 'deleted')
      throw new InvalidTransitionError(item, 'reopen it first');
    if (item.assignedTo === assignTo) return false;
  }
  requireVersion(item, precondition);
  return true;
}

function done(index: number, { dataset, id, status, version }: ItemRow): BulkResult {
  return { index, dataset, id, ok: true, status, etag: etagOf(version) };
}
