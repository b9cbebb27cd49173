import { BlockList, isIP } from 'node:net';

/*
 * Everything that the registries of special-purpose addresses (RFC 6890, IANA) do not call globally reachable, and
 * those IPv6 ranges that lead to an IPv4 address inside them.
 */
const special = new BlockList();
const IPV4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
for (const [network, prefix] of IPV4) special.addSubnet(network, prefix, 'ipv4');

/** Global unicast, less what in it is special or wraps an IPv4 address (Teredo, 6to4, documentation, ORCHID). */
const global = new BlockList();
global.addSubnet('2000::', 3, 'ipv6');
const IPV6: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];
for (const [network, prefix] of IPV6) special.addSubnet(network, prefix, 'ipv6');

/** Whether an address may be reached by anybody from anywhere: not private, loopback, link-local or otherwise special. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !special.check(address, 'ipv4');
    case 6:
      // An IPv4 address in IPv6 notation (::ffff:a.b.c.d) is outside 2000::/3, so it is none.
      return global.check(address, 'ipv6') && !special.check(address, 'ipv6');
    default:
      return false;
  }
}

/** The address that a URL names itself; undefined when it names a host that has to be looked up. */
export function literalAddress(url: URL): string | undefined {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return isIP(host) === 0 ? undefined : host;
}
