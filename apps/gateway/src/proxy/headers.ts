import type { OutgoingHttpHeader } from 'node:http';
import { IDENTITY_HEADER, REQUEST_ID_HEADER } from '@hornbook/contracts';

/** Headers about one connection only (RFC 9110, 7.6.1), never passed on. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-authentication-info',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** Request headers that only the gateway itself may send to a service, or that are meant for the gateway. */
const ownRequestHeaders = new Set([
  'authorization',
  'expect',
  'forwarded',
  'host',
  'x-real-ip',
  REQUEST_ID_HEADER,
]);
const ownPrefixes = ['x-hornbook-', 'x-user-', 'x-forwarded-', 'x-original-', 'x-rewrite-'];

/** Name for comparison. `_` counts as `-`: some servers take `X_User_Id` and `X-User-Id` for the same. */
function canonical(name: string): string {
  const lower = name.toLowerCase();
  return lower.includes('_') ? lower.replaceAll('_', '-') : lower;
}

function isOwn(name: string): boolean {
  if (ownRequestHeaders.has(name)) return true;
  return name.charCodeAt(0) === 120 /* x */ && ownPrefixes.some((prefix) => name.startsWith(prefix));
}

/** Header names listed in `Connection` values: they end here as well (RFC 9110, 7.6.1). */
function namedByConnection(value: string, named: Set<string> | undefined): Set<string> | undefined {
  for (const option of value.split(',')) {
    const name = canonical(option.trim());
    if (name === '' || name === 'close' || name === 'keep-alive') continue;
    (named ??= new Set()).add(name);
  }
  return named;
}

/** What the gateway itself says to a service with every request. */
export interface OwnRequestHeaders {
  readonly requestId: string;
  /** Identity token; absent on public routes. */
  readonly identityToken: string | undefined;
  /** The caller's address. */
  readonly address: string;
  readonly protocol: string;
  /** `Host` as the caller sent it. */
  readonly host: string | undefined;
  /** Trace context that takes the place of the caller's; undefined leaves the caller's. */
  readonly trace: Readonly<Record<string, string>> | undefined;
}

/**
 * Headers for the service: the caller's without what ends here, then the gateway's own. What `Connection` names is
 * removed before ours are added, so that no client can have them taken away.
 * @param raw alternating names and values, as Node keeps them: order, case and repeated headers stay
 */
export function headersForService(raw: readonly string[], own: OwnRequestHeaders): string[] {
  let named: Set<string> | undefined;
  for (let index = 0; index < raw.length; index += 2) {
    if (raw[index]?.length === 10 && raw[index]?.toLowerCase() === 'connection') {
      named = namedByConnection(raw[index + 1] ?? '', named);
    }
  }
  const headers: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const key = canonical(name);
    if (hopByHop.has(key) || isOwn(key) || named?.has(key)) continue;
    if (own.trace && (key === 'traceparent' || key === 'tracestate')) continue;
    headers.push(name, raw[index + 1] ?? '');
  }
  headers.push(
    REQUEST_ID_HEADER,
    own.requestId,
    'x-forwarded-for',
    own.address,
    'x-forwarded-proto',
    own.protocol,
  );
  if (own.host !== undefined) headers.push('x-forwarded-host', own.host);
  if (own.identityToken !== undefined) headers.push(IDENTITY_HEADER, own.identityToken);
  if (own.trace) for (const name in own.trace) headers.push(name, own.trace[name] ?? '');
  return headers;
}

/** Safe defaults of answers that name none themselves. Nothing behind the gateway serves pages. */
const safeDefaults: readonly (readonly [string, string])[] = [
  ['x-content-type-options', 'nosniff'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-resource-policy', 'same-origin'],
  ['strict-transport-security', 'max-age=31536000; includeSubDomains'],
];

/** Headers that may stand in an answer twice, ours beside the service's. */
const repeatable = new Set(['vary']);

/** A header's name or value as the parser left it. */
export function headerText(part: Buffer | string): string {
  // Bytes beyond ASCII are kept as they are: Node writes headers in the same encoding.
  return typeof part === 'string' ? part : part.toString('latin1');
}

/**
 * Headers for the caller: the service's, then the gateway's own and the safe defaults that the service did not set.
 * @param raw alternating names and values from the service
 * @param own what the gateway adds: request id, rate limit, CORS
 */
export function headersForCaller(
  raw: readonly (Buffer | string)[],
  own: Readonly<Record<string, OutgoingHttpHeader | undefined>>,
): string[] {
  let named: Set<string> | undefined;
  for (let index = 0; index < raw.length; index += 2) {
    if (raw[index]?.length === 10 && headerText(raw[index] ?? '').toLowerCase() === 'connection') {
      named = namedByConnection(headerText(raw[index + 1] ?? ''), named);
    }
  }
  // Whatever a service says of it, the length belongs to the answer: without it the caller cannot tell a cut one.
  named?.delete('content-length');
  const headers: string[] = [];
  const present = new Set<string>();
  for (let index = 0; index < raw.length; index += 2) {
    const name = headerText(raw[index] ?? '');
    const key = name.toLowerCase();
    if (hopByHop.has(key) || named?.has(canonical(key))) continue;
    present.add(key);
    headers.push(name, headerText(raw[index + 1] ?? ''));
  }
  for (const name in own) {
    if (!present.has(name) || repeatable.has(name)) append(headers, name, own[name]);
  }
  for (const [name, value] of safeDefaults) {
    if (!present.has(name) && !(name in own)) headers.push(name, value);
  }
  return headers;
}

function append(headers: string[], name: string, value: OutgoingHttpHeader | undefined): void {
  if (Array.isArray(value)) for (const item of value) headers.push(name, item);
  else if (value !== undefined) headers.push(name, String(value));
}
