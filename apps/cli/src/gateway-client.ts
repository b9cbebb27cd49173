import type { Problem } from '@hornbook/contracts';
import type { Connection } from './config.js';

/** The gateway refused, or does not answer; the message is for the person at the keyboard. */
export class RefusedError extends Error {
  constructor(
    message: string,
    /** Of the answer; undefined when there was none. */
    readonly status?: number,
  ) {
    super(message);
  }
}

/** Whether asking again may help: there was no answer, or one that says so. */
export function isPassing(error: unknown): boolean {
  return (
    error instanceof RefusedError &&
    (error.status === undefined || error.status === 408 || error.status === 429 || error.status >= 500)
  );
}

/** Longest wait for an answer, milliseconds. */
const TIMEOUT_MS = 30_000;

/** What a request has beside its path. */
export interface RequestParts {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it comes, however long that takes. */
  readonly body?: string | ReadableStream<Uint8Array>;
  readonly signal?: AbortSignal;
  /** Longest wait for the head of the answer; null waits as long as the request is being sent. Default 30 s. */
  readonly timeoutMs?: number | null;
}

/** Whether an answer is good: 2xx, or 304 to a request that named what it has. */
const isGood = ({ status, ok }: Response): boolean => ok || status === 304;

/**
 * One request through the gateway.
 * @returns the answer, its body not yet read
 * @throws RefusedError with status, detail and request id; the reason of `signal` when that ended it
 */
export async function send(
  connection: Connection,
  method: string,
  path: string,
  { headers = {}, body, signal, timeoutMs = TIMEOUT_MS }: RequestParts = {},
): Promise<Response> {
  // Not AbortSignal.timeout: it would cut off a long body of an answer that has begun.
  const limit = new AbortController();
  const timer =
    timeoutMs === null
      ? undefined
      : setTimeout(() => limit.abort(new Error(`no answer in ${timeoutMs / 1000} s`)), timeoutMs);
  let response: Response;
  try {
    response = await fetch(`${connection.gateway}${path}`, {
      method,
      headers: { authorization: `Bearer ${connection.token}`, ...headers },
      ...(body === undefined ? {} : { body, duplex: 'half' }),
      signal: signal ? AbortSignal.any([signal, limit.signal]) : limit.signal,
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw new RefusedError(`${connection.gateway} does not answer: ${reasonOf(error)}`);
  } finally {
    clearTimeout(timer);
  }
  if (isGood(response)) return response;
  throw new RefusedError(describe(response.status, await response.text().catch(() => '')), response.status);
}

/**
 * One call through the gateway.
 * @returns the parsed body, undefined when there is none
 * @throws RefusedError with status, detail and request id
 */
export async function call(
  connection: Connection,
  method: string,
  path: string,
  body?: unknown,
  parts: Omit<RequestParts, 'body'> = {},
): Promise<unknown> {
  const response = await send(connection, method, path, {
    ...parts,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...parts.headers } }),
  });
  const text = await response.text();
  return text === '' ? undefined : (JSON.parse(text) as unknown);
}

/** The innermost reason: fetch itself says no more than "fetch failed". */
function reasonOf(error: unknown): string {
  const { cause, message } = (error ?? {}) as { readonly cause?: unknown; readonly message?: unknown };
  if (cause !== undefined && cause !== null) return reasonOf(cause);
  return typeof message === 'string' && message !== '' ? message : String(error);
}

function describe(status: number, text: string): string {
  try {
    const problem = JSON.parse(text) as Problem;
    return `${String(status)} ${problem.code}: ${problem.detail} (request ${problem.request_id})`;
  } catch {
    return `${String(status)}: ${text.slice(0, 200)}`;
  }
}
