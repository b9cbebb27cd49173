import type { DeliveryRow } from './deliveries.repository.js';
import type { WebhookRow } from './webhooks.repository.js';
import type { DeliveryView, WebhookView } from './webhooks.schemas.js';

/** Strong entity tag of a webhook. */
export function webhookEtag({ version }: Pick<WebhookRow, 'version'>): string {
  return `"${version}"`;
}

/** A webhook as the API shows it. */
export function webhookView({ id, url, description, events, active, ...times }: WebhookRow): WebhookView {
  return {
    webhook_id: id,
    url,
    description,
    events,
    active,
    created_at: times.created_at.toISOString(),
    updated_at: times.updated_at.toISOString(),
  };
}

/** A delivery as its log shows it. */
export function deliveryView(row: DeliveryRow): DeliveryView {
  const { id, webhook_id, task_id, url, event, status, log } = row;
  return {
    delivery_id: id,
    webhook_id,
    task_id,
    url,
    event,
    status,
    attempts: log,
    next_attempt_at: row.due_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
    finished_at: row.finished_at?.toISOString() ?? null,
  };
}
