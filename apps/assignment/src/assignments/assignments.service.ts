import type { Identity } from '@hornbook/contracts';
import { Database, queryRows, type Tx } from '@hornbook/database';
import { faultsOf, ProblemError, ValidationError } from '@hornbook/service-kit';
import { Injectable } from '@nestjs/common';
import { AssignmentConfig } from '../config.js';
import { poolsFor, takeTurn } from '../claims/pools.js';
import { isMet, readIfMatch, type Precondition } from '../items/etag.js';
import type { ItemContent } from '../items/item-content.js';
import { holdPolicies, lockItem, type ItemAddress } from '../items/item-states.js';
import type { ItemRow } from '../items/item.js';
import {
  AlreadyAssignedError,
  AssignmentOwnershipError,
  InvalidTransitionError,
  ItemNotFoundError,
  StaleEtagError,
} from '../items/items.errors.js';
import { Transitions } from '../items/transitions.js';
import { exclusiveGroups } from '../tags/exclusive-groups.js';
import { reviewSchema, type MyPage, type MyQuery, type ReviewRequest } from './assignments.schemas.js';
import { isManager } from './caller.js';
import { decideReview, isRepeated, refuseStar, type Wish } from './decide.js';
import { myPage } from './my-page.js';

/** What reviewers do with items one by one. */
@Injectable()
export class AssignmentsService {
  constructor(
    private readonly database: Database,
    private readonly transitions: Transitions,
    private readonly config: AssignmentConfig,
  ) {}

  /** What the caller holds. */
  my(query: MyQuery, caller: Identity): Promise<MyPage> {
    return myPage(this.database.dataSource.manager, caller.owner, query);
  }

  /**
   * Approves, skips, deletes or edits an item that the caller holds.
   * @throws ItemNotFoundError, then in this order what `decideReview` throws
   */
  async review(
    address: ItemAddress,
    body: unknown,
    ifMatch: string | undefined,
    caller: Identity,
  ): Promise<ItemRow> {
    const request = reviewSchema.safeParse(body, { reportInput: true });
    return this.database.transaction(async (tx) => {
      const item = await this.locked(tx, address);
      if (request.success && isSoundRepetition(item, request.data, ifMatch, caller)) return item;
      if (item.requiredReviews === 1 && item.assignedTo !== caller.owner)
        throw new AssignmentOwnershipError(item);
      if (!request.success) throw new ValidationError(faultsOf(request.error.issues));
      const decision = decideReview(item, wishOf(request.data, ifMatch), caller, await exclusiveGroups(tx));
      const change = { ...who(caller), action: decision.action, ...statusOf(decision.status) };
      const content = decision.content === undefined ? {} : { content: decision.content };
      return this.changed(tx, { ...change, reason: request.data.reason ?? null }, item, content);
    });
  }

  /**
   * Gives the caller one named item; with `force` also one that another holds, or that is closed.
   * @throws ItemNotFoundError, AlreadyAssignedError, InvalidTransitionError, ProblemError `forbidden` for a forced one
   */
  async assign(address: ItemAddress, force: boolean, caller: Identity): Promise<ItemRow> {
    return this.database.transaction(async (tx) => {
      await holdPolicies(tx, [address]);
      const item = await this.locked(tx, address);
      if (item.requiredReviews > 1)
        throw new InvalidTransitionError(item, 'its slots are handed out by self-serve');
      if (item.assignedTo === caller.owner) return item;
      if (force && !isManager(caller))
        throw new ProblemError('forbidden', { detail: 'force is for curators and admins' });
      if (item.assignedTo !== null && !force) throw new AlreadyAssignedError(item);
      const isClosed = item.status === 'approved' || item.status === 'deleted';
      if (isClosed && !force) throw new InvalidTransitionError(item, 'curators may reopen it');
      if (!force) await this.refuseOverCap(tx, item, caller);
      const change = { ...who(caller), action: 'assigned', status: 'draft', assignTo: caller.owner } as const;
      return this.changed(
        tx,
        { ...change, ...(force ? { reason: 'force', releasedBecause: 'force' as const } : {}) },
        item,
      );
    });
  }

  /** Gives an item back to the pool, with its edits. Its holder may, and whoever leads. Safe to repeat. */
  async release(
    address: ItemAddress,
    reason: string | null,
    ifMatch: string | undefined,
    caller: Identity,
  ): Promise<ItemRow> {
    return this.database.transaction(async (tx) => {
      const item = await this.locked(tx, address);
      if (item.assignedTo !== caller.owner && !isManager(caller)) throw new AssignmentOwnershipError(item);
      const precondition = readIfMatch(ifMatch);
      refuseStar(precondition, caller);
      if (item.assignedTo === null) return item;
      refuseStale(item, precondition);
      return this.changed(tx, { ...who(caller), action: 'released', assignTo: null, reason }, item);
    });
  }

  /** Puts the end of the lease off without a new version: others' saves are not in the way of it. */
  async renew(address: ItemAddress, caller: Identity): Promise<ItemRow> {
    return this.database.transaction(async (tx) => {
      const item = await this.locked(tx, address);
      if (item.assignedTo !== caller.owner) throw new AssignmentOwnershipError(item);
      const [renewed] = await queryRows<{ until: Date | null }>(
        tx,
        `UPDATE item_states AS s SET lease_expires_at = now() + make_interval(mins => d.lease_minutes)
         FROM datasets AS d WHERE d.id = s.dataset_id AND s.item_pk = $1 RETURNING s.lease_expires_at AS until`,
        [item.pk],
      );
      return { ...item, leaseExpiresAt: renewed?.until ?? null };
    });
  }

  private async locked(tx: Tx, address: ItemAddress): Promise<ItemRow> {
    const item = await lockItem(tx, address);
    if (!item) throw new ItemNotFoundError(address.dataset, address.id);
    return item;
  }

  private async changed(
    tx: Tx,
    change: Parameters<Transitions['apply']>[1],
    item: ItemRow,
    edited: { content?: ItemContent } = {},
  ): Promise<ItemRow> {
    const [now] = await this.transitions.apply(tx, change, [{ item, ...edited }]);
    if (!now) throw new Error(`Item ${item.pk} changed under its lock`);
    return now;
  }

  private async refuseOverCap(tx: Tx, item: ItemRow, caller: Identity): Promise<void> {
    await takeTurn(tx, caller.owner);
    const pools = await poolsFor(tx, caller.owner);
    const pool = pools.find(({ id }) => id === item.datasetId);
    const open = pools.reduce((sum, { held }) => sum + held, 0);
    const { userOpenLimit } = this.config;
    const isOver =
      (pool?.perUserCap != null && pool.held >= pool.perUserCap) ||
      (userOpenLimit > 0 && open >= userOpenLimit);
    if (isOver) throw new InvalidTransitionError(item, 'you hold as many items as you may');
  }
}

const who = ({ sub, owner }: Identity) => ({ actor: sub, user: owner });

function statusOf(status: ItemRow['status'] | undefined): { status?: ItemRow['status'] } {
  return status === undefined ? {} : { status };
}

/** What a review asks for. Null leaves a member as it is. @throws ValidationError when If-Match cannot be read */
function wishOf(
  { approve, status, reason: _, etag, ...edits }: ReviewRequest,
  ifMatch: string | undefined,
): Wish {
  const target = approve === true ? 'approved' : status;
  return {
    status: target === 'draft' ? undefined : target,
    edits: Object.fromEntries(Object.entries(edits).filter(([, value]) => value != null)),
    precondition: readIfMatch(ifMatch ?? etag),
  };
}

function isSoundRepetition(
  item: ItemRow,
  request: ReviewRequest,
  ifMatch: string | undefined,
  caller: Identity,
): boolean {
  try {
    return isRepeated(item, wishOf(request, ifMatch), caller);
  } catch {
    // A broken If-Match is refused in its turn, after what comes before it.
    return false;
  }
}

function refuseStale(item: ItemRow, precondition: Precondition): void {
  if (precondition.kind !== 'none' && !isMet(precondition, item.version)) throw new StaleEtagError(item);
}
