import { createHash } from 'node:crypto';
import { Database, type Tx } from '@hornbook/database';
import { ProblemError } from '@hornbook/service-kit';
import { Tasks, type CreatedTask, type NewTask } from '@hornbook/tasks';
import { Injectable } from '@nestjs/common';
import { CardBulkConfig } from '../config.js';
import { shownSecret, WebhookSecrets } from '../webhooks/webhook-signature.js';
import type { Accepted, BulkKind } from './bulk.schemas.js';
import { RequestRate } from './request-rate.js';
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
  /** What signs the message to the `webhook_url` of the request; undefined without one. */
  readonly webhookSecret: string | undefined;
}

/** Takes on operations: the task and its input are one transaction, so what was answered with 202 is done. */
@Injectable()
export class AcceptTask {
  private readonly secrets: WebhookSecrets;

  constructor(
    private readonly database: Database,
    private readonly tasks: Tasks,
    private readonly rate: RequestRate,
    { linkSecret }: CardBulkConfig,
  ) {
    this.secrets = new WebhookSecrets(linkSecret);
  }

  /** In `tx`, or in a transaction of its own. @throws TaskError as `Tasks.create`; RequestRateError */
  async accept(request: BulkRequest, tx?: Tx): Promise<AcceptedTask> {
    const { kind, message, estimatedSeconds, idempotencyKey: key, identity, ...rest } = request;
    const idempotency = key === undefined ? {} : { idempotency: { key, hash: hashOf(identity) } };
    const make = async (own: Tx): Promise<CreatedTask> => {
      const made = await this.tasks.create({ ...rest, kind: kindName(kind), ...idempotency }, own);
      if (!made.replayed) await this.rate.keep(own, request.owner);
      return made;
    };
    const { task, replayed } = tx ? await make(tx) : await this.database.transaction(make);
    const body: Accepted = {
      task_id: task.id,
      status: task.status,
      message,
      estimated_duration_seconds: estimatedSeconds,
      check_status_url: statusUrl(task.id),
    };
    const isAnnounced = typeof (task.params as { webhook_url?: unknown }).webhook_url === 'string';
    const webhookSecret = isAnnounced ? shownSecret(this.secrets.ofTask(task.id)) : undefined;
    return { body, replayed, webhookSecret };
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
