import { StartError } from './printing.ts';
import type { Secrets } from './secrets.ts';

/** What a key may do. */
export interface KeyGrant {
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
}

/**
 * The key kept under `name`, or a new one made through the gateway when there is none or it no longer works
 * (another database, a revocation).
 */
export async function ensureApiKey(
  gateway: string,
  adminToken: string,
  secrets: Secrets,
  name: string,
  grant: KeyGrant,
): Promise<string> {
  const kept = secrets.apiKeys[name];
  if (kept && (await works(gateway, kept))) return kept;
  const response = await fetch(`${gateway}/v1/api-keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: `${name} ${new Date().toISOString()}`, ...grant }),
  });
  if (response.status !== 201) {
    throw new StartError(
      `The gateway did not make the API key "${name}": ${String(response.status)} ${(await response.text()).slice(0, 300)}`,
    );
  }
  const { key } = (await response.json()) as { key: string };
  return key;
}

async function works(gateway: string, key: string): Promise<boolean> {
  // Any route will do that authenticates first: 401 is the only answer that condemns the key.
  const response = await fetch(`${gateway}/v1/api-keys?limit=1`, {
    headers: { authorization: `Bearer ${key}` },
  });
  await response.body?.cancel();
  return response.status !== 401;
}
