import { generateKeyPairSync } from 'node:crypto';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Identity } from '@hornbook/contracts';
import { createTestDatabase, type TestDatabase } from '@hornbook/testing';
import { startGateway, type TestGateway } from '../../../apps/gateway/test/support/start-gateway.js';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const kid = 'services';

/** What services behind the gateways of these tests check its tokens with: their `IDENTITY_PUBLIC_KEYS`. */
export const publicKeys = JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid }] });

const signing = {
  IDENTITY_PRIVATE_KEY: JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid }),
  AUTH_MODE: 'dev',
  // These tests are about other things than how much a caller may ask for.
  RATE_LIMIT_PER_CALLER: '1000000',
  RATE_LIMIT_PER_ADDRESS: '1000000',
};

/** Starts a gateway that believes `X-User-Id`. @param env where the services are, e.g. `{ ASSIGNMENT_URL }` */
export function openGateway(
  database: TestDatabase,
  env: Readonly<Record<string, string>>,
): Promise<TestGateway> {
  return startGateway(database, { ...signing, ...env });
}

/** Headers by which such a gateway knows a caller; the name alone is what seed 003 sends. */
export function callerHeaders({ sub = 'user-1', roles }: Partial<Identity>): Record<string, string> {
  return { 'x-user-id': sub, ...(roles === undefined ? {} : { 'x-user-roles': roles.join(',') }) };
}

/** Connections in front of several copies of a service, handed out in turn, as a Kubernetes service does. */
export interface Balancer {
  readonly url: string;
  /** How many connections each copy was given. */
  readonly given: readonly number[];
  close(): Promise<void>;
}

/** Starts a balancer in front of copies of a service. */
export async function balance(urls: readonly string[]): Promise<Balancer> {
  const open = new Set<Socket>();
  const given = urls.map(() => 0);
  let turn = 0;
  const server = createServer((client) => {
    const copy = turn++ % urls.length;
    given[copy] = (given[copy] ?? 0) + 1;
    const { hostname, port } = new URL(urls[copy] ?? '');
    const target = connect({ host: hostname, port: Number(port), noDelay: true });
    client.setNoDelay(true);
    for (const [from, to] of [
      [client, target],
      [target, client],
    ] as const) {
      open.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        open.delete(from);
        to.destroySoon();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    given,
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A gateway in front of copies of assignment, as the tests of that service take it. */
export interface AssignmentDoor {
  readonly url: string;
  readonly given: readonly number[];
  headersOf(as: Partial<Identity>): Record<string, string>;
  stop(): Promise<void>;
}

/** Opens a gateway, on a database of its own, in front of all these copies of assignment. */
export async function openAssignmentDoor(urls: readonly string[]): Promise<AssignmentDoor> {
  const database = await createTestDatabase({ services: ['gateway'] });
  const balancer = await balance(urls);
  const gateway = await openGateway(database, { ASSIGNMENT_URL: balancer.url });
  return {
    url: gateway.url,
    given: balancer.given,
    headersOf: callerHeaders,
    async stop() {
      await gateway.stop();
      await balancer.close();
      await database.drop();
    },
  };
}
