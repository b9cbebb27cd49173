import { pageOf, pageQueryFields, text } from '@hornbook/contracts';
import { z } from 'zod';
import { ownerQueryFields } from '../access/acting-for.js';

/** What a webhook can be told of. */
export const webhookEvents = ['bulk.task.finished', 'card.published'] as const;
/** What a webhook can be told of. */
export type WebhookEvent = (typeof webhookEvents)[number];

/** How a delivery stands: it is still tried, it was taken with a 2xx, or it has been given up. */
export const deliveryStatuses = ['pending', 'delivered', 'failed'] as const;

const urlSchema = z
  .url({ protocol: /^https?$/, error: 'Must be an http or https URL' })
  .max(2_000)
  .refine((url) => !URL.canParse(url) || (new URL(url).username === '' && new URL(url).password === ''), {
    error: 'Must hold no user name and no password; requests are signed instead',
    params: { code: 'credentials_in_url' },
  });

const fields = {
  url: urlSchema,
  description: text({ max: 200 }),
  events: z
    .array(z.enum(webhookEvents))
    .min(1)
    .max(webhookEvents.length)
    .transform((events) => [...new Set(events)]),
  active: z.boolean(),
};

/** Body of `POST /bulk/webhooks`. */
export const webhookRequestSchema = z
  .strictObject({
    ...fields,
    description: fields.description.default(''),
    events: fields.events.default(['bulk.task.finished']),
    active: fields.active.default(true),
  })
  .meta({ id: 'BulkWebhookRequest' });
/** Body of `POST /bulk/webhooks`. */
export type WebhookRequest = z.output<typeof webhookRequestSchema>;

/** Body of `PATCH /bulk/webhooks/{webhook_id}`: what is left out stays. */
export const webhookPatchSchema = z
  .strictObject(fields)
  .partial()
  .refine((patch) => Object.keys(patch).length > 0, {
    error: 'Nothing to change was sent',
    params: { code: 'required' },
  })
  .meta({ id: 'BulkWebhookPatch' });
/** Body of `PATCH /bulk/webhooks/{webhook_id}`. */
export type WebhookPatch = z.output<typeof webhookPatchSchema>;

/** A webhook as it is read; its secret is not part of it. */
export const webhookSchema = z
  .object({
    webhook_id: z.uuid(),
    url: z.string(),
    description: z.string(),
    events: z.array(z.enum(webhookEvents)),
    active: z.boolean().describe('false: nothing is sent; also after an answer of 410'),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'BulkWebhook' });
/** A webhook as it is read. */
export type WebhookView = z.output<typeof webhookSchema>;

/** A webhook with its secret: the answer that shows it, and the only one. */
export const webhookSecretSchema = webhookSchema
  .extend({
    secret: z
      .string()
      .describe('`whsec_` and the key in base64 (Standard Webhooks); shown this once, so keep it'),
  })
  .meta({ id: 'BulkWebhookWithSecret' });
/** A webhook with its secret. */
export type WebhookSecretView = z.output<typeof webhookSecretSchema>;

/** Path of a webhook. */
export const webhookPathSchema = z.object({ webhook_id: z.string().max(100) });

/** Query of the list of webhooks. */
export const webhookListQuerySchema = z.strictObject({ ...pageQueryFields, ...ownerQueryFields });
/** Query of the list of webhooks. */
export type WebhookListQuery = z.output<typeof webhookListQuerySchema>;

/** Answer of the list of webhooks. */
export const webhookPageSchema = pageOf(webhookSchema).meta({ id: 'BulkWebhookPage' });
/** Answer of the list of webhooks. */
export type WebhookPage = z.output<typeof webhookPageSchema>;

/** One attempt to deliver. */
export const attemptSchema = z.object({
  at: z.iso.datetime(),
  status: z.int().nullable().describe('HTTP status of the answer; null without one'),
  error: z.string().nullable().describe('What went wrong: timeout, connection_error, private_address, …'),
  duration_ms: z.int(),
});
/** One attempt to deliver. */
export type Attempt = z.output<typeof attemptSchema>;

/** One message and what became of it. */
export const deliverySchema = z
  .object({
    delivery_id: z.uuid().describe('The header webhook-id; the same in every attempt'),
    webhook_id: z.uuid().nullable().describe('null: sent to the webhook_url of a task'),
    task_id: z.uuid().nullable(),
    url: z.string(),
    event: z.string(),
    status: z.enum(deliveryStatuses),
    attempts: z.array(attemptSchema),
    next_attempt_at: z.iso.datetime().nullable(),
    created_at: z.iso.datetime(),
    finished_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'BulkWebhookDelivery' });
/** One message and what became of it. */
export type DeliveryView = z.output<typeof deliverySchema>;

/** Query of the log of deliveries of one webhook. */
export const deliveryListQuerySchema = z.strictObject({
  ...pageQueryFields,
  ...ownerQueryFields,
  status: z.enum(deliveryStatuses).optional(),
  task_id: z.uuid().optional(),
});
/** Query of the log of deliveries. */
export type DeliveryListQuery = z.output<typeof deliveryListQuerySchema>;

/** Answer of the log of deliveries. */
export const deliveryPageSchema = pageOf(deliverySchema).meta({ id: 'BulkWebhookDeliveryPage' });
/** Answer of the log of deliveries. */
export type DeliveryPage = z.output<typeof deliveryPageSchema>;
