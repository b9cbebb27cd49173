import { createHash } from 'node:crypto';
import { ProblemError } from '@hornbook/service-kit';
import { Tasks, type NewTask } from '@hornbook/tasks';
import { Injectable } from '@nestjs/common';
import type { Accepted, BulkKind } from './bulk.schemas.js';
import { kindName, statusUrl } from './task-view.js';

/** An operation that was asked for. */
export interface BulkRequest extends Omit<NewTask, 'kind' | 'idempotency'> {
  readonly kind: BulkKind;
  /** For a person: "Bulk import initiated for 1000 cards". */
  readonly message: string;
  readonly estimatedSeconds: number;
  readonly idempotencyKey: string | undefined;
  /** What tells the request from another one under the same key. */
  readonly identity: unknown;
}

/** An operation that was taken on. */
export interface AcceptedTask {
  readonly body: Accepted;
  /** Whether an earlier request with the same key had done so. */
  readonly replayed: boolean;
}

/** Takes on operations: the task and its input are one transaction, so what was answered with 202 is done. */
@Injectable()
export class AcceptTask {
  constructor(private readonly tasks: Tasks) {}

  /** @throws TaskError as `Tasks.create` */
  async accept(request: BulkRequest): Promise<AcceptedTask> {
    const { kind, message, estimatedSeconds, idempotencyKey: key, identity, ...rest } = request;
    const idempotency = key === undefined ? {} : { idempotency: { key, hash: hashOf(identity) } };
    const { task, replayed } = await this.tasks.create({ ...rest, kind: kindName(kind), ...idempotency });
    const body: Accepted = {
      task_id: task.id,
      status: task.status,
      message,
      estimated_duration_seconds: estimatedSeconds,
      check_status_url: statusUrl(task.id),
    };
    return { body, replayed };
  }
}

/** SHA-256 of a request. */
function hashOf(identity: unknown): string {
  if (typeof identity === 'string') return identity;
  try {
    return createHash('sha256').update(JSON.stringify(identity)).digest('hex');
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ProblemError('validation_error', { detail: 'The request is nested too deep', cause: error });
  }
}
