import { createHmac } from 'node:crypto';

/** What a delivery carries beside its body (Standard Webhooks 1.0, "Signature scheme"). */
export interface SignedHeaders {
  readonly 'webhook-id': string;
  readonly 'webhook-timestamp': string;
  readonly 'webhook-signature': string;
}

/**
 * The keys of webhooks. None is stored: each follows from the service's secret and from what it is for, so a stolen
 * database signs nothing, and every replica knows every key.
 */
export class WebhookSecrets {
  constructor(private readonly secret: string) {}

  /** Key of a registered webhook; another one for each version. */
  ofWebhook(id: string, version: number): Buffer {
    return this.derive(`webhook ${id} ${version}`);
  }

  /** Key of what is sent to the `webhook_url` that came with a task. */
  ofTask(id: string): Buffer {
    return this.derive(`task ${id}`);
  }

  private derive(purpose: string): Buffer {
    return createHmac('sha256', this.secret).update(`webhook secret: ${purpose}`).digest();
  }
}

/** A key as it is shown. */
export function shownSecret(key: Buffer): string {
  return `whsec_${key.toString('base64')}`;
}

/**
 * Signs a message: HMAC-SHA256 over `id.timestamp.body`.
 * @param keys the current one, and the one before it while receivers are changing over
 */
export function sign(id: string, sentAt: Date, body: string, keys: readonly Buffer[]): SignedHeaders {
  const timestamp = String(Math.floor(sentAt.getTime() / 1000));
  const signatures = keys.map(
    (key) => `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`,
  );
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  };
}
