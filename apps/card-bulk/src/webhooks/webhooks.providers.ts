import type { Provider } from '@nestjs/common';
import { CardBulkConfig } from '../config.js';
import { Deliverer } from './deliverer.js';
import { DeliveriesRepository } from './deliveries.repository.js';
import { NotifyWebhooksWhenBulkTaskIsFinishedConsumer } from './notify-webhooks-when-bulk-task-is-finished.consumer.js';
import { NotifyWebhooksWhenCardIsPublishedConsumer } from './notify-webhooks-when-card-is-published.consumer.js';
import { WebhookClient } from './webhook-client.js';
import { WebhooksController } from './webhooks.controller.js';
import { WebhooksRepository } from './webhooks.repository.js';
import { WebhooksService } from './webhooks.service.js';

/** Routes and consumers of webhooks. */
export const webhookControllers = [
  WebhooksController,
  NotifyWebhooksWhenBulkTaskIsFinishedConsumer,
  NotifyWebhooksWhenCardIsPublishedConsumer,
];

/** What sends to webhooks and keeps them. */
export const webhookProviders: Provider[] = [
  {
    provide: WebhookClient,
    inject: [CardBulkConfig],
    useFactory: ({ webhookTimeoutMs, webhookAllowPrivate }: CardBulkConfig) =>
      new WebhookClient({ timeoutMs: webhookTimeoutMs, allowPrivate: webhookAllowPrivate }),
  },
  Deliverer,
  DeliveriesRepository,
  WebhooksRepository,
  WebhooksService,
];
