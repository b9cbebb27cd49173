import type { IncomingMessage } from 'node:http';
import { addressList } from '../config.js';
import { clientAddress } from './client-address.js';

const trusted = addressList(['10.0.0.0/8', '2001:db8::/32']);

function from(peer: string, headers: Record<string, string> = {}): IncomingMessage {
  return { socket: { remoteAddress: peer }, headers } as unknown as IncomingMessage;
}

const client = (peer: string, chain?: string, proxies: typeof trusted | undefined = trusted): string =>
  clientAddress(from(peer, chain === undefined ? {} : { 'x-forwarded-for': chain }), proxies).client;

test('without load balancers of ours the peer is the caller, whatever it says', () => {
  expect(client('203.0.113.1', '6.6.6.6', addressList([]))).toBe('203.0.113.1');
  expect(
    clientAddress(
      from('203.0.113.1', { 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'https' }),
      undefined,
    ),
  ).toMatchObject({
    client: '203.0.113.1',
    protocol: 'http',
  });
});

test('a stranger is the caller, whatever it says', () => {
  expect(client('203.0.113.1', '6.6.6.6')).toBe('203.0.113.1');
});

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['6.6.6.6, 203.0.113.7', '203.0.113.7'],
  ['6.6.6.6, 203.0.113.7, 10.1.1.1', '203.0.113.7'],
  ['6.6.6.6, 203.0.113.7, 2001:db8::5', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['10.2.2.2, 10.1.1.1', '10.2.2.2'],
  ['203.0.113.7, nonsense', '10.0.0.1'],
  ['nonsense, 203.0.113.7', '203.0.113.7'],
  ['', '10.0.0.1'],
])('behind ours, "%s" comes from %s', (chain, expected) => {
  expect(client('::ffff:10.0.0.1', chain)).toBe(expected);
});

test('the protocol is what the nearest load balancer says', () => {
  expect(clientAddress(from('10.0.0.1', { 'x-forwarded-proto': 'http, https' }), trusted).protocol).toBe(
    'https',
  );
});

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['2001:db9:1:2:3:4:5:6', '2001:db9:1:2'],
  ['2001:db9::1', '2001:db9:0:0'],
  ['2001:0db9:0001::', '2001:db9:1:0'],
  ['::1', '0:0:0:0'],
])('%s is counted as %s', (peer, expected) => {
  expect(clientAddress(from(peer), undefined).counted).toBe(expected);
});
