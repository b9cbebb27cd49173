import type { IncomingMessage } from 'node:http';
import { isIP, type BlockList } from 'node:net';

/** Where a request comes from. */
export interface ClientAddress {
  /** IP address of the caller. */
  readonly client: string;
  /** What requests from here are counted by: the address, or the /64 network of an IPv6 address. */
  readonly counted: string;
  /** `http` or `https`, as the caller sees it. */
  readonly protocol: string;
}

/** IPv4 in its short form, also when the socket says `::ffff:192.0.2.1`. */
function plain(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

/** The /64 of an IPv6 address: whoever has one address has all of them. */
function network(address: string): string {
  const [left = '', right] = address.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right ? right.split(':') : [];
  const zeros =
    right === undefined ? [] : new Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0');
  return [...head, ...zeros, ...tail]
    .slice(0, 4)
    .map((group) => parseInt(group, 16).toString(16))
    .join(':');
}

function isTrusted(address: string, trusted: BlockList): boolean {
  return trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** The last value of a header that a proxy appends to. */
function last(value: string | string[] | undefined): string | undefined {
  const text = Array.isArray(value) ? value.join(',') : value;
  return text?.split(',').at(-1)?.trim();
}

/**
 * Where `request` comes from: the peer, or, when the peer is a load balancer of ours, the last address in
 * `X-Forwarded-For` that is not. Anything further left could have been written by the caller.
 */
export function clientAddress(request: IncomingMessage, trusted: BlockList | undefined): ClientAddress {
  const peer = plain(request.socket.remoteAddress ?? '0.0.0.0');
  const direct = 'encrypted' in request.socket ? 'https' : 'http';
  if (!trusted || !isTrusted(peer, trusted)) return from(peer, direct);
  const { 'x-forwarded-for': chain = '', 'x-forwarded-proto': protocol } = request.headers;
  let client = peer;
  for (const hop of (Array.isArray(chain) ? chain.join(',') : chain).split(',').reverse()) {
    const address = plain(hop.trim());
    if (isIP(address) === 0) break;
    client = address;
    if (!isTrusted(address, trusted)) break;
  }
  return from(client, last(protocol) === 'https' ? 'https' : direct);
}

function from(client: string, protocol: string): ClientAddress {
  return { client, counted: client.includes(':') ? network(client) : client, protocol };
}
