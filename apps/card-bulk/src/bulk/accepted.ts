import type { FastifyReply } from 'fastify';
import type { AcceptedTask } from './accept-task.js';
import type { Accepted } from './bulk.schemas.js';

/** Seconds after which asking for the status is worth while; long polling does without. */
const RETRY_AFTER_SECONDS = '1';

/** `Idempotency-Key` in the API documentation. */
export const idempotencyHeader = {
  name: 'Idempotency-Key',
  required: false,
  description: 'Any text; the same key with the same request within a day gets the same task',
  schema: { type: 'string', maxLength: 255 },
} as const;

/** Headers of a 202 in the API documentation. */
export const acceptedHeaders = {
  Location: { description: 'Where the status is read', schema: { type: 'string' } },
  'Retry-After': { description: 'Seconds until it is worth while', schema: { type: 'string' } },
  'Webhook-Secret': {
    description: 'Only with webhook_url: what signs the message that goes there (Standard Webhooks)',
    schema: { type: 'string' },
  },
} as const;

/** Sets the headers of a 202. @returns its body */
export function answerAccepted(
  { body, replayed, webhookSecret }: AcceptedTask,
  reply: FastifyReply,
): Accepted {
  reply.headers({ location: body.check_status_url, 'retry-after': RETRY_AFTER_SECONDS });
  if (replayed) reply.header('idempotent-replayed', 'true');
  if (webhookSecret !== undefined) reply.header('webhook-secret', webhookSecret);
  return body;
}
