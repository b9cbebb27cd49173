import type { Fault } from '@hornbook/contracts';
import { NotFoundError, ProblemError } from '@hornbook/service-kit';
import { etagOf } from './etag.js';
import type { ItemState } from './item.js';

/** 404: no such item under this dataset and bucket. */
export class ItemNotFoundError extends NotFoundError {
  constructor(dataset: string, id: string) {
    super(`Item ${id.slice(0, 100)} of dataset ${dataset.slice(0, 100)}`);
  }
}

/** 403 `ASSIGNMENT_OWNERSHIP` (seed 003): the item is somebody else's, or nobody's. */
export class AssignmentOwnershipError extends ProblemError {
  constructor(item: ItemState) {
    const whose = item.assignedTo === null ? 'to nobody: claim it first' : 'to somebody else';
    super('ASSIGNMENT_OWNERSHIP', { detail: `Item ${item.id} is assigned ${whose}` });
  }
}

/** 400 `INVALID_APPROVAL`: what is missing stands in `details` and in `errors`. */
export class InvalidApprovalError extends ProblemError {
  constructor(item: Pick<ItemState, 'id'>, faults: readonly Fault[]) {
    super('INVALID_APPROVAL', {
      detail: `Item ${item.id} cannot be approved: ${faults.map(({ error }) => error).join('; ')}`,
      faults,
      members: { errors: faults.map(({ error }) => error) },
    });
  }
}

/** 409 `INVALID_TRANSITION`: the item's status does not allow it. */
export class InvalidTransitionError extends ProblemError {
  constructor(item: Pick<ItemState, 'id' | 'status'>, why: string) {
    super('INVALID_TRANSITION', {
      detail: `Item ${item.id} is ${item.status}: ${why}`,
      members: { currentStatus: item.status },
    });
  }
}

/** 409 `ALREADY_ASSIGNED` with the holder. */
export class AlreadyAssignedError extends ProblemError {
  constructor(item: ItemState) {
    const { assignedTo, assignedAt } = item;
    super('ALREADY_ASSIGNED', {
      detail: `Item ${item.id} is assigned to ${String(assignedTo)}`,
      members: { assignedTo, assignedAt: assignedAt?.toISOString() ?? null },
    });
  }
}

/** 428 (RFC 6585, section 3): a change has to say which version it is based on. */
export class PreconditionRequiredError extends ProblemError {
  constructor() {
    super('precondition_required', {
      detail: 'Send If-Match with the etag of the item as you last read it',
      headers: { 'cache-control': 'no-store' },
    });
  }
}

/** 412 with the current version, and who changed it. */
export class StaleEtagError extends ProblemError {
  constructor(item: ItemState) {
    super('precondition_failed', {
      detail: `Item ${item.id} was changed meanwhile: it has version ${String(item.version)}; read it again`,
      members: {
        current: {
          version: item.version,
          etag: etagOf(item.version),
          status: item.status,
          updatedBy: item.updatedBy,
          updatedAt: item.updatedAt.toISOString(),
        },
      },
      headers: { etag: etagOf(item.version) },
    });
  }
}
