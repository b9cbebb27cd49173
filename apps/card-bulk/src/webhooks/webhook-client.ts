import { lookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { Agent, request } from 'undici';
import { isPublicAddress, literalAddress } from './public-address.js';

/** Bytes of an answer that are read before the connection is cut; what it says is of no interest. */
const MAX_ANSWER_BYTES = 16_384;

/** What a receiver is sent. */
export interface WebhookMessage {
  readonly url: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What came of sending. */
export interface WebhookOutcome {
  /** HTTP status; null without an answer. */
  readonly status: number | null;
  /** A word for the log; null when the receiver answered 2xx. */
  readonly error: string | null;
  /** Whether no further attempt can help. */
  readonly permanent: boolean;
}

/** Looks a name up, as `dns.lookup` does. */
export type Resolve = typeof lookup;

/** How the client works. */
export interface WebhookClientOptions {
  /** Longest time of one exchange. */
  readonly timeoutMs: number;
  /** Whether it may go to addresses that are not public. */
  readonly allowPrivate: boolean;
  /** Default: the system's resolver. */
  readonly resolve?: Resolve;
}

/** `code` of a connection that was not made because the address is not public. */
const PRIVATE_ADDRESS = 'PRIVATE_ADDRESS';

class PrivateAddressError extends Error {
  readonly code = PRIVATE_ADDRESS;
}

/**
 * Sends to addresses that others have chosen, without becoming their way into this network: the connection goes to
 * the very addresses that were looked at, none of which may be private; a redirect is an answer and is not followed;
 * time and size are limited. Every exchange has a connection of its own.
 */
export class WebhookClient {
  private readonly agent: Agent;

  constructor(private readonly options: WebhookClientOptions) {
    this.agent = new Agent({
      connect: { timeout: options.timeoutMs, lookup: this.pinned as never },
      headersTimeout: options.timeoutMs,
      bodyTimeout: options.timeoutMs,
    });
  }

  /** Whether a URL names a private address itself, so that nothing has to be looked up to refuse it. */
  refuses(url: string): boolean {
    const address = literalAddress(new URL(url));
    return !this.options.allowPrivate && address !== undefined && !isPublicAddress(address);
  }

  /** Sends a message once; never throws. */
  async send({ url, body, headers }: WebhookMessage): Promise<WebhookOutcome> {
    if (this.refuses(url)) return { status: null, error: 'private_address', permanent: true };
    const late = AbortSignal.timeout(this.options.timeoutMs);
    try {
      const { statusCode: status, body: answer } = await request(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': 'hornbook-webhooks/1', ...headers },
        body,
        dispatcher: this.agent,
        signal: late,
        reset: true,
      });
      // The status says it all; how the rest of the answer comes, if it comes, changes nothing.
      await answer.dump({ limit: MAX_ANSWER_BYTES, signal: late }).catch(() => undefined);
      if (status >= 200 && status < 300) return { status, error: null, permanent: false };
      const error = status >= 300 && status < 400 ? 'redirect_not_followed' : 'refused';
      // 410: the receiver asks not to be told any more.
      return { status, error, permanent: status === 410 };
    } catch (error) {
      const isPrivate = codeOf(error) === PRIVATE_ADDRESS;
      const word = isPrivate
        ? 'private_address'
        : late.aborted || isTimeout(error)
          ? 'timeout'
          : 'connection_error';
      return { status: null, error: word, permanent: isPrivate };
    }
  }

  async close(): Promise<void> {
    await this.agent.close();
  }

  /** `dns.lookup` that hands out what it has found only when all of it is public. */
  private readonly pinned = (
    host: string,
    options: LookupOptions,
    done: (error: Error | null, address?: string | LookupAddress[], family?: number) => void,
  ): void => {
    const { allowPrivate, resolve = lookup } = this.options;
    resolve(host, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error || !first) return done(error ?? new Error(`no address of ${host}`));
      if (!allowPrivate && !addresses.every(({ address }) => isPublicAddress(address)))
        return done(new PrivateAddressError(`${host} has an address that is not public`));
      if (options.all) done(null, addresses);
      else done(null, first.address, first.family);
    });
  };
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code;
}

function isTimeout(error: unknown): boolean {
  return String(codeOf(error)).endsWith('_TIMEOUT') || codeOf(error) === 'ETIMEDOUT';
}
