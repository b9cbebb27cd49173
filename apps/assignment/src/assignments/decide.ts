import type { Identity } from '@hornbook/contracts';
import { ValidationError } from '@hornbook/service-kit';
import { isMet, type Precondition } from '../items/etag.js';
import {
  faultOfWhole,
  isSame,
  missingForApproval,
  tagsOf,
  withEdits,
  type ItemContent,
} from '../items/item-content.js';
import type { Action, ItemRow, ItemStatus } from '../items/item.js';
import {
  AssignmentOwnershipError,
  InvalidApprovalError,
  InvalidTransitionError,
  PreconditionRequiredError,
  StaleEtagError,
} from '../items/items.errors.js';
import { clashMessage, clashOf } from '../tags/exclusive-groups.js';
import { isManager } from './caller.js';

/** What somebody wants of an item. */
export interface Wish {
  /** Undefined saves edits without a decision. */
  readonly status: ItemStatus | undefined;
  readonly edits: ItemContent;
  readonly precondition: Precondition;
}

/** What is to be done: undefined content stays, undefined status stays. */
export interface Decision {
  readonly action: Action;
  readonly status: ItemStatus | undefined;
  readonly content: ItemContent | undefined;
}

const actionOf: Readonly<Record<ItemStatus, Action>> = {
  approved: 'approved',
  skipped: 'skipped',
  deleted: 'deleted',
  draft: 'edited',
};

/**
 * Whether this is a change sent again because its answer was lost: based on the version before, which the same caller
 * replaced by one that is just as this change wants it (RFC 9110, section 13.1.1, allows a 2xx then).
 */
export function isRepeated(item: ItemRow, { status, edits, precondition }: Wish, caller: Identity): boolean {
  if (precondition.kind !== 'tags' || !precondition.tags.includes(String(item.version - 1))) return false;
  if (item.updatedBy !== caller.sub) return false;
  const content = item.content as Record<string, unknown>;
  return (
    item.status === (status ?? 'draft') &&
    Object.entries(edits).every(([name, value]) => isSame(content[name], value))
  );
}

/**
 * The rules of a reviewer's change, in the order of refusals: 403, 400, 409, 428, 412. An item is changed by its holder,
 * whatever else the caller may be; that the item exists and who calls was seen to before.
 */
export function decideReview(
  item: ItemRow,
  wish: Wish,
  caller: Identity,
  exclusiveGroups: ReadonlySet<string>,
): Decision {
  if (item.requiredReviews > 1) {
    throw new InvalidTransitionError(item, 'several reviewers look at it; send yours to its /review');
  }
  if (item.assignedTo !== caller.owner) throw new AssignmentOwnershipError(item);
  refuseStar(wish.precondition, caller);
  const decision = decide(item, wish, exclusiveGroups);
  requireVersion(item, wish.precondition);
  return decision;
}

/** The same for curators, who need not hold the item and may reopen what is closed. */
export function decideCuration(item: ItemRow, wish: Wish, exclusiveGroups: ReadonlySet<string>): Decision {
  const decision = decide(item, wish, exclusiveGroups);
  const isClosed = item.status === 'approved' || item.status === 'deleted';
  if (isClosed && wish.status === undefined && decision.content) {
    throw new InvalidTransitionError(item, 'reopen it first (status draft)');
  }
  requireVersion(item, wish.precondition);
  if (wish.status === item.status) return { ...decision, action: 'edited', status: undefined };
  return wish.status === 'draft' ? { ...decision, action: 'reopened' } : decision;
}

function decide(item: ItemRow, { status, edits }: Wish, exclusiveGroups: ReadonlySet<string>): Decision {
  const content = withEdits(item.content, edits);
  const whole = faultOfWhole(content);
  if (whole) throw new ValidationError([{ field: 'body', ...whole }]);
  const clash = clashOf(tagsOf(content), exclusiveGroups);
  if (clash)
    throw new ValidationError([{ field: 'manualTags', error: clashMessage(clash), code: 'invalid_tag' }]);
  if (status === 'approved') {
    const missing = missingForApproval(content);
    if (missing.length > 0) throw new InvalidApprovalError(item, missing);
  }
  return {
    action: actionOf[status ?? 'draft'],
    status,
    content: isSame(item.content, content) ? undefined : content,
  };
}

/** @throws ValidationError when `*` is sent by somebody who may not overwrite unseen */
export function refuseStar(precondition: Precondition, caller: Identity): void {
  if (precondition.kind !== 'any' || isManager(caller)) return;
  throw new ValidationError([
    {
      field: 'If-Match',
      error: '* is for curators and admins; send the etag of the item',
      code: 'invalid_etag',
    },
  ]);
}

/** @throws PreconditionRequiredError, StaleEtagError */
export function requireVersion(item: ItemRow, precondition: Precondition): void {
  if (precondition.kind === 'none') throw new PreconditionRequiredError();
  if (!isMet(precondition, item.version)) throw new StaleEtagError(item);
}
