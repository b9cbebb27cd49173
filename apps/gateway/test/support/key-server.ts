import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';

/** A token issuer with public keys of its own. */
export interface KeyServer {
  readonly url: string;
  /** How often the keys were asked for. */
  readonly asked: () => number;
  /** Adds a key pair to the set. */
  add(kid: string, algorithm: 'RS256' | 'ES256'): Promise<void>;
  remove(kid: string): void;
  publicJwk(kid: string): JWK;
  sign(kid: string, claims: JWTPayload): Promise<string>;
  /** Whether it answers at all. */
  works: boolean;
  stop(): Promise<void>;
}

interface IssuerKey {
  readonly algorithm: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

/** Starts an issuer on the loopback interface. */
export async function startKeyServer(): Promise<KeyServer> {
  const keys = new Map<string, IssuerKey>();
  let asked = 0;
  const server = createServer((_request, response) => {
    asked++;
    if (!issuer.works) response.writeHead(500).end();
    else response.end(JSON.stringify({ keys: [...keys.values()].map(({ jwk }) => jwk) }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const find = (kid: string): IssuerKey => {
    const key = keys.get(kid);
    if (!key) throw new Error(`no key ${kid}`);
    return key;
  };
  const issuer: KeyServer = {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/keys.json`,
    asked: () => asked,
    async add(kid, algorithm) {
      const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
      keys.set(kid, { algorithm, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, use: 'sig' } });
    },
    remove: (kid) => void keys.delete(kid),
    publicJwk: (kid) => find(kid).jwk,
    sign(kid, claims) {
      const { algorithm, privateKey } = find(kid);
      return new SignJWT(claims).setProtectedHeader({ alg: algorithm, kid }).sign(privateKey);
    },
    works: true,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return issuer;
}
