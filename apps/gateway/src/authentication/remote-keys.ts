import {
  createLocalJWKSet,
  errors,
  type FlattenedJWSInput,
  type JSONWebKeySet,
  type JWSHeaderParameters,
} from 'jose';
import type { Logger } from 'pino';
import { request } from 'undici';
import { KeysUnavailableError } from './authentication.errors.js';

/** Age from which the keys are fetched again, milliseconds. */
const FRESH_MS = 10 * 60_000;
/** Age up to which keys are used although they cannot be fetched again: the issuer may be down, our callers are not. */
const STALE_MS = 60 * 60_000;
/** Pause between fetches while there are keys, so that made-up key ids cannot make us flood the issuer. */
const PAUSE_MS = 30_000;
/** The same while there are none, and nobody can be let in. */
const PAUSE_WITHOUT_KEYS_MS = 500;
const FETCH_MS = 3_000;
const MOST_BYTES = 1_048_576;

type KeyFinder = ReturnType<typeof createLocalJWKSet>;
type Key = Awaited<ReturnType<KeyFinder>>;

async function fetchKeys(url: string): Promise<JSONWebKeySet> {
  const { statusCode, body } = await request(url, {
    headers: { accept: 'application/jwk-set+json, application/json' },
    signal: AbortSignal.timeout(FETCH_MS),
  });
  // Redirects are not followed: keys come from the configured address and no other.
  if (statusCode !== 200) {
    await body.dump();
    throw new Error(`the key server answered ${String(statusCode)}`);
  }
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of body) {
    bytes += (part as Buffer).length;
    if (bytes > MOST_BYTES) throw new Error('the key server sent too much');
    parts.push(part as Buffer);
  }
  return JSON.parse(Buffer.concat(parts).toString()) as JSONWebKeySet;
}

/** The issuer's public keys, from the configured address only. */
export class RemoteKeys {
  private keys: KeyFinder | undefined;
  private fetchedAt = Number.NEGATIVE_INFINITY;
  private triedAt = Number.NEGATIVE_INFINITY;
  private fetching: Promise<void> | undefined;

  constructor(
    private readonly url: string,
    private readonly logger: Logger,
  ) {}

  /**
   * The key that `header` asks for.
   * @throws KeysUnavailableError; a JOSE error when there is no such key
   */
  async find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<Key> {
    const age = performance.now() - this.fetchedAt;
    if (age > STALE_MS) await this.refresh();
    // Good enough to go on with; the next caller has newer ones.
    else if (age > FRESH_MS) void this.refresh();
    try {
      return await this.known(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      // A new key may be in use before our copy of the set is old.
      await this.refresh();
      return this.known(header, token);
    }
  }

  private known(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<Key> {
    if (!this.keys || performance.now() - this.fetchedAt > STALE_MS)
      throw new KeysUnavailableError('no keys yet');
    return this.keys(header, token);
  }

  /** Fetches the keys unless that was tried a moment ago; waits for a fetch that is under way. Never fails. */
  private async refresh(): Promise<void> {
    const pause = this.keys ? PAUSE_MS : PAUSE_WITHOUT_KEYS_MS;
    if (!this.fetching && performance.now() - this.triedAt < pause) return;
    this.fetching ??= this.fetch().finally(() => (this.fetching = undefined));
    await this.fetching;
  }

  private async fetch(): Promise<void> {
    this.triedAt = performance.now();
    try {
      this.keys = createLocalJWKSet(await fetchKeys(this.url));
      this.fetchedAt = performance.now();
    } catch (error) {
      this.logger.warn({ msg: 'the public keys of the token issuer cannot be fetched', err: error });
    }
  }
}
