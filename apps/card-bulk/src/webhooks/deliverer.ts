import { Shutdown } from '@hornbook/service-kit';
import { BackgroundLoop } from '@hornbook/tasks';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { CardBulkConfig } from '../config.js';
import { DeliveriesRepository, type ClaimedDelivery, type Verdict } from './deliveries.repository.js';
import { pauseAfter } from './delivery-retries.js';
import { WebhookClient, type WebhookOutcome } from './webhook-client.js';
import { sign, WebhookSecrets } from './webhook-signature.js';

/** Messages under way at once in one process. */
const AT_ONCE = 8;
/** Pause between looks for due messages when nobody rings. */
const POLL_MS = 1_000;
/** An attempt that is not settled so long after it had to be over belongs to a dead process. */
const LEASE_MARGIN_MS = 20_000;
const PURGE_MS = 3_600_000;
const DAY_MS = 86_400_000;

/**
 * Sends what waits for webhooks. Any number of processes may: each message is in one hand at a time, and is tried
 * until it is taken or given up, whatever dies in between. So a receiver may get a message twice, with the same id.
 */
@Injectable()
export class Deliverer implements OnApplicationBootstrap {
  private readonly logger = new Logger(Deliverer.name);
  private readonly secrets: WebhookSecrets;
  private readonly underWay = new Map<Promise<void>, string>();
  private readonly loop = new BackgroundLoop(
    POLL_MS,
    () => this.step(),
    (error) => this.logger.error({ msg: 'messages to webhooks could not be looked for', err: error }),
  );
  private purgedAt = 0;

  constructor(
    private readonly config: CardBulkConfig,
    private readonly deliveries: DeliveriesRepository,
    private readonly client: WebhookClient,
    shutdown: Shutdown,
  ) {
    this.secrets = new WebhookSecrets(config.linkSecret);
    shutdown.on('finish what is in hand', () => this.stop());
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  /** Something may be due. */
  ring(): void {
    this.loop.ring();
  }

  private async stop(): Promise<void> {
    await this.loop.stop();
    await Promise.all(this.underWay.keys());
    await this.client.close();
  }

  private async step(): Promise<void> {
    await this.purge();
    const free = AT_ONCE - this.underWay.size;
    if (free <= 0) return;
    const leaseMs = this.config.webhookTimeoutMs + LEASE_MARGIN_MS;
    const claimed = await this.deliveries.claim(free, leaseMs, [...new Set(this.underWay.values())]);
    for (const delivery of claimed) {
      const sending = this.deliver(delivery).finally(() => {
        this.underWay.delete(sending);
        this.ring();
      });
      this.underWay.set(sending, delivery.owner);
    }
  }

  private async deliver(delivery: ClaimedDelivery): Promise<void> {
    const at = new Date();
    const began = performance.now();
    try {
      const { url, body } = delivery;
      const outcome = await this.client.send({ url, body, headers: { ...this.signed(delivery, at) } });
      const { status, error } = outcome;
      const duration_ms = Math.round(performance.now() - began);
      const verdict = this.verdict(delivery, outcome);
      const isGone = status === 410;
      await this.deliveries.settle(
        delivery,
        { at: at.toISOString(), status, error, duration_ms },
        verdict,
        isGone,
      );
    } catch (error) {
      // The database is away. The message is due again when its lease is over.
      this.logger.error({
        msg: 'an attempt could not be written down',
        delivery_id: delivery.id,
        err: error,
      });
    }
  }

  private signed(
    { id, webhook_id, task_id, body, secret_version, is_secret_new }: ClaimedDelivery,
    at: Date,
  ): ReturnType<typeof sign> {
    if (webhook_id === null || secret_version === null)
      return sign(id, at, body, [this.secrets.ofTask(task_id ?? '')]);
    const keys = [this.secrets.ofWebhook(webhook_id, secret_version)];
    if (is_secret_new) keys.push(this.secrets.ofWebhook(webhook_id, secret_version - 1));
    return sign(id, at, body, keys);
  }

  private verdict({ attempts }: ClaimedDelivery, { error, permanent }: WebhookOutcome): Verdict {
    if (error === null) return { status: 'delivered' };
    const delayMs = permanent
      ? undefined
      : pauseAfter(attempts, this.config.webhookRetryBaseMs, Math.random());
    return delayMs === undefined ? { status: 'failed' } : { status: 'pending', delayMs };
  }

  private async purge(): Promise<void> {
    if (performance.now() - this.purgedAt < PURGE_MS && this.purgedAt > 0) return;
    this.purgedAt = performance.now();
    await this.deliveries.purge(this.config.bulkRetentionDays * DAY_MS);
  }
}
