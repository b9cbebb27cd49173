import { createHash } from 'node:crypto';
import { Database, onCommit, type Tx } from '@hornbook/database';
import { NotFoundError, ProblemError, ValidationError } from '@hornbook/service-kit';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { requireMatch } from '../access/etag.js';
import { idPage, isUuid, readIdCursor } from '../access/id-page.js';
import { MAX_WEBHOOKS } from '../bulk/limits.js';
import { CardBulkConfig } from '../config.js';
import { Deliverer } from './deliverer.js';
import { DeliveriesRepository } from './deliveries.repository.js';
import { messageBody } from './message-body.js';
import { WebhookClient } from './webhook-client.js';
import { shownSecret, WebhookSecrets } from './webhook-signature.js';
import { deliveryView, webhookEtag, webhookView } from './webhook-view.js';
import { TooManyWebhooksError } from './webhooks.errors.js';
import { WebhooksRepository, type WebhookRow } from './webhooks.repository.js';
import type {
  DeliveryListQuery,
  DeliveryPage,
  WebhookPage,
  WebhookPatch,
  WebhookRequest,
  WebhookSecretView,
} from './webhooks.schemas.js';

/** A webhook and the secret that signs what it gets. */
export interface MadeWebhook {
  readonly row: WebhookRow;
  readonly view: WebhookSecretView;
  readonly replayed: boolean;
}

/** The webhooks of one owner. */
@Injectable()
export class WebhooksService {
  private readonly secrets: WebhookSecrets;

  constructor(
    private readonly database: Database,
    private readonly webhooks: WebhooksRepository,
    private readonly deliveries: DeliveriesRepository,
    private readonly deliverer: Deliverer,
    private readonly client: WebhookClient,
    config: CardBulkConfig,
  ) {
    this.secrets = new WebhookSecrets(config.linkSecret);
  }

  /**
   * Registers a webhook; the same request under the same key gets the one that it made, secret and all.
   * @throws ValidationError for a private address, TooManyWebhooksError, ProblemError `idempotency_key_reused`
   */
  async create(owner: string, request: WebhookRequest, key: string | undefined): Promise<MadeWebhook> {
    this.refusePrivate(request.url);
    const hash = createHash('sha256').update(JSON.stringify(request)).digest('hex');
    return this.database.transaction(async (tx) => {
      const count = await this.webhooks.lockOwner(tx, owner);
      const earlier = key === undefined ? undefined : await this.webhooks.findByKey(tx, owner, key);
      if (earlier && earlier.request_hash !== hash) {
        throw new ProblemError('idempotency_key_reused', {
          detail: `Idempotency-Key "${key}" was used for another webhook; send the same request or a new key`,
        });
      }
      if (earlier) return { row: earlier, view: this.withSecret(earlier), replayed: true };
      if (count >= MAX_WEBHOOKS) throw new TooManyWebhooksError(MAX_WEBHOOKS);
      const idempotency = key === undefined ? undefined : { key, hash };
      const row = await this.webhooks.insert(tx, { id: uuidv7(), owner, ...request }, idempotency);
      return { row, view: this.withSecret(row), replayed: false };
    });
  }

  /** One page, newest first. */
  async list(owner: string, limit: number, cursor: string | undefined): Promise<WebhookPage> {
    return idPage(await this.webhooks.list(owner, readIdCursor(cursor), limit + 1), limit, webhookView);
  }

  /** @throws NotFoundError also for somebody else's */
  async get(owner: string, id: string): Promise<WebhookRow> {
    const row = isUuid(id) ? await this.webhooks.find(owner, id) : undefined;
    if (!row) throw new NotFoundError(`Webhook ${id}`);
    return row;
  }

  /** Changes a webhook. One that is switched off gets nothing more of what waits for it. */
  async change(
    owner: string,
    id: string,
    patch: WebhookPatch,
    ifMatch: string | undefined,
  ): Promise<WebhookRow> {
    if (patch.url !== undefined) this.refusePrivate(patch.url);
    return this.database.transaction(async (tx) => {
      const before = await this.locked(tx, owner, id, ifMatch);
      const change = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
      const row = await this.webhooks.change(tx, before, change);
      if (before.active && !row.active) await this.deliveries.giveUp(tx, id);
      return row;
    });
  }

  /** Gives a webhook a new secret. For a day both sign, so that the receiver can change over. */
  async changeSecret(owner: string, id: string, ifMatch: string | undefined): Promise<MadeWebhook> {
    return this.database.transaction(async (tx) => {
      await this.locked(tx, owner, id, ifMatch);
      const row = await this.webhooks.changeSecret(tx, id);
      return { row, view: this.withSecret(row), replayed: false };
    });
  }

  /** Removes a webhook, what waits for it and its log. */
  async delete(owner: string, id: string, ifMatch: string | undefined): Promise<void> {
    await this.database.transaction(async (tx) => {
      await this.locked(tx, owner, id, ifMatch);
      await this.webhooks.delete(tx, id);
    });
  }

  /** Sends a message that means nothing, as any other is sent; also when the webhook is switched off. @returns its id */
  async test(owner: string, id: string): Promise<string> {
    const { id: webhook_id } = await this.get(owner, id);
    return this.database.transaction(async (tx) => {
      const body = messageBody('webhook.test', new Date().toISOString(), { webhook_id });
      const message = { owner, event: 'webhook.test', task_id: null, body } as const;
      const deliveryId = await this.deliveries.add(tx, message, { webhook_id });
      onCommit(tx, () => this.deliverer.ring());
      return deliveryId;
    });
  }

  /** One page of what was sent, newest first: to one webhook, or to all, and to addresses that came with tasks. */
  async log(owner: string, webhookId: string | undefined, query: DeliveryListQuery): Promise<DeliveryPage> {
    const { limit, cursor, status, task_id } = query;
    if (webhookId !== undefined) await this.get(owner, webhookId);
    const filter = { webhook_id: webhookId, status, task_id, before: readIdCursor(cursor) };
    return idPage(await this.deliveries.list(owner, filter, limit + 1), limit, deliveryView);
  }

  private async locked(tx: Tx, owner: string, id: string, ifMatch: string | undefined): Promise<WebhookRow> {
    const row = isUuid(id) ? await this.webhooks.findLocked(tx, owner, id) : undefined;
    if (!row) throw new NotFoundError(`Webhook ${id}`);
    requireMatch(ifMatch, webhookEtag(row));
    return row;
  }

  private withSecret(row: WebhookRow): WebhookSecretView {
    return { ...webhookView(row), secret: shownSecret(this.secrets.ofWebhook(row.id, row.secret_version)) };
  }

  private refusePrivate(url: string): void {
    if (!this.client.refuses(url)) return;
    const error = 'The address is not public (private, loopback, link-local and reserved ones are refused)';
    throw new ValidationError([{ field: 'url', error, code: 'private_address' }]);
  }
}
