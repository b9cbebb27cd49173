import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  sign as signBytes,
  type JsonWebKey,
} from 'node:crypto';
import { createTestDatabase, eventually, type TestDatabase } from '@hornbook/testing';
import { call } from './support/call.js';
import { startKeyServer, type KeyServer } from './support/key-server.js';
import { startService, type ScriptedService } from './support/scripted-service.js';
import { startGateway, type TestGateway } from './support/start-gateway.js';
import { JWT_SECRET, token } from './support/tokens.js';

let database: TestDatabase;
let service: ScriptedService;
let issuer: KeyServer;
let bySecret: TestGateway;
let byKeys: TestGateway;

beforeAll(async () => {
  database = await createTestDatabase({ services: ['gateway'] });
  service = await startService();
  issuer = await startKeyServer();
  await issuer.add('rsa', 'RS256');
  await issuer.add('ec', 'ES256');
  const limits = { RATE_LIMIT_FAILED_AUTHENTICATIONS: '1000', EXPORTER_URL: service.url };
  bySecret = await startGateway(database, limits);
  byKeys = await startGateway(database, { ...limits, AUTH_JWT_SECRET: '', AUTH_JWKS_URL: issuer.url });
});
afterAll(async () => {
  await Promise.all([bySecret.stop(), byKeys.stop()]);
  await Promise.all([service.die(), issuer.stop()]);
  await database.drop();
});

const now = (): number => Math.floor(Date.now() / 1_000);
const good = (): Record<string, unknown> => ({
  iss: 'hornbook',
  aud: 'hornbook',
  sub: 'ada',
  roles: ['admin'],
  exp: now() + 600,
});

const part = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** A token put together by hand, as an attacker would. */
function forge(header: unknown, claims: unknown, seal: (input: string) => Buffer): string {
  const input = `${part(header)}.${part(claims)}`;
  return `${input}.${seal(input).toString('base64url')}`;
}

const hmac = (key: string | Buffer) => (input: string) => createHmac('sha256', key).update(input).digest();

async function statusOf(gateway: TestGateway, jwt: string): Promise<number> {
  const answer = await call(`${gateway.url}/api/v1/exports`, { headers: { authorization: `Bearer ${jwt}` } });
  return answer.status;
}

describe('with a shared secret', () => {
  test('a good token opens', async () => {
    expect(await statusOf(bySecret, await token())).toBe(200);
  });

  test.each<[string, () => string | Promise<string>]>([
    ['no algorithm', () => forge({ alg: 'none' }, good(), () => Buffer.alloc(0))],
    ['no algorithm, spelled otherwise', () => forge({ alg: 'nOnE' }, good(), () => Buffer.alloc(0))],
    ['no signature', async () => `${(await token()).split('.').slice(0, 2).join('.')}.`],
    ['another secret', () => token({}, 'another-secret-with-more-than-32-characters')],
    [
      'another HMAC',
      () =>
        forge({ alg: 'HS512' }, good(), (input) => createHmac('sha512', JWT_SECRET).update(input).digest()),
    ],
    [
      'changed claims',
      async () => (await token({ roles: ['reviewer'] })).replace(/\.[^.]+\./, `.${part(good())}.`),
    ],
    ['an RSA signature', () => issuer.sign('rsa', good())],
    ['a key in its own header', () => ownKey('jwk')],
    ['an address of keys in its header', () => ownKey('jku')],
    ['a certificate address in its header', () => ownKey('x5u')],
    [
      'an extension that must be understood',
      () => forge({ alg: 'HS256', crit: ['exp'], exp: 1 }, good(), hmac(JWT_SECRET)),
    ],
    ['another issuer', () => token({ iss: 'other' })],
    ['no issuer', () => token({ iss: undefined as never })],
    ['another audience', () => token({ aud: 'other' })],
    ['no audience', () => token({ aud: undefined as never })],
    ['its time over', () => token({ exp: now() - 60 })],
    ['no end', () => token({ exp: undefined as never })],
    [
      'an end that is no number',
      () => forge({ alg: 'HS256' }, { ...good(), exp: 'never' }, hmac(JWT_SECRET)),
    ],
    ['its time to come', () => token({ nbf: now() + 600 })],
    ['no subject', () => token({ sub: undefined as never })],
    ['an empty subject', () => token({ sub: '' })],
    ['the subject of an API key', () => token({ sub: 'key:0192' })],
    ['roles that are no list', () => token({ roles: 'admin' })],
    ['another type', () => forge({ alg: 'HS256', typ: 'id+jwt' }, good(), hmac(JWT_SECRET))],
    [
      'another token inside',
      async () => forge({ alg: 'HS256', cty: 'JWT' }, await token(), hmac(JWT_SECRET)),
    ],
    [
      'our own identity token in its place',
      () =>
        forge(
          { alg: 'EdDSA', kid: 'test-key' },
          { ...good(), iss: 'hornbook-gateway', aud: 'hornbook-services' },
          () => Buffer.alloc(64),
        ),
    ],
  ])('a token with %s is refused', async (_name, make) => {
    expect(await statusOf(bySecret, await make())).toBe(401);
  });

  test.each([['Basic YWRhOng='], ['Bearer'], ['Bearer a b'], ['bearer,x'], ['']])(
    'the header "%s" is refused',
    async (authorization) => {
      const answer = await call(`${bySecret.url}/api/v1/exports`, { headers: { authorization } });
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toContain('Bearer realm="hornbook"');
    },
  );

  test('a token stops working when its time is over, however often it was used', async () => {
    const jwt = await token({ exp: now() - 3 });
    expect(await statusOf(bySecret, jwt)).toBe(200);
    // Five seconds of tolerance for clocks that differ; its time was over three seconds ago.
    const deadline = Date.now() + 6_000;
    let status = 200;
    while (status === 200 && Date.now() < deadline) status = await statusOf(bySecret, jwt);
    expect(status).toBe(401);
  });

  test('roles that nobody here knows give nothing', async () => {
    const jwt = await token({ roles: ['superuser', 'Admin', 7] });
    const answer = await call(`${bySecret.url}/internal/dead-letters/exporter`, {
      headers: { authorization: `Bearer ${jwt}` },
    });
    expect(answer.status).toBe(403);
  });
});

describe('with public keys', () => {
  test.each(['rsa', 'ec'])('a good token of the key %s opens', async (kid) => {
    expect(await statusOf(byKeys, await issuer.sign(kid, good()))).toBe(200);
  });

  test.each<[string, () => string | Promise<string>]>([
    ['a shared secret', () => token()],
    [
      'the public key taken for a secret (PEM)',
      () =>
        confused((jwk) =>
          createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }),
        ),
    ],
    [
      'the public key taken for a secret (DER)',
      () =>
        confused((jwk) =>
          createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'der' }),
        ),
    ],
    ['the public key taken for a secret (JWK)', () => confused((jwk) => JSON.stringify(jwk))],
    ['no algorithm', () => forge({ alg: 'none', kid: 'rsa' }, good(), () => Buffer.alloc(0))],
    ['a key in its own header', () => ownKey('jwk')],
    ['an address of keys in its header', () => ownKey('jku')],
    ['a certificate address in its header', () => ownKey('x5u')],
    ['another key under a known name', () => ownKey('kid')],
    ['its time over', () => issuer.sign('rsa', { ...good(), exp: now() - 60 })],
    ['another audience', () => issuer.sign('ec', { ...good(), aud: 'other' })],
  ])('a token with %s is refused', async (_name, make) => {
    expect(await statusOf(byKeys, await make())).toBe(401);
  });

  test('nobody is asked for keys but the configured address', async () => {
    const foreign = await startKeyServer();
    await foreign.add('evil', 'RS256');
    const jwt = await ownKey('jku', foreign.url);
    expect(await statusOf(byKeys, jwt)).toBe(401);
    expect(foreign.asked()).toBe(0);
    await foreign.stop();
  });
});

test('while the issuer is down, tokens of keys that were never seen answer 503, and all is well when it is back', async () => {
  const down = await startKeyServer();
  await down.add('late', 'ES256');
  down.works = false;
  const gateway = await startGateway(database, {
    EXPORTER_URL: service.url,
    AUTH_JWT_SECRET: '',
    AUTH_JWKS_URL: down.url,
  });
  try {
    const jwt = await down.sign('late', good());
    expect(await statusOf(gateway, jwt)).toBe(503);
    down.works = true;
    await eventually(async () => (await statusOf(gateway, jwt)) === 200, { timeoutMs: 2_000 });
    down.works = false;
    expect(await statusOf(gateway, await down.sign('late', { ...good(), sub: 'grace' }))).toBe(200);
  } finally {
    await gateway.stop();
    await down.stop();
  }
});

/** A token signed by an attacker's own key, which its header offers in one way or another. */
async function ownKey(
  way: 'jwk' | 'jku' | 'x5u' | 'kid',
  address = 'http://127.0.0.1:1/keys.json',
): Promise<string> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const offer = {
    jwk: { jwk: publicKey.export({ format: 'jwk' }) },
    jku: { jku: address, kid: 'evil' },
    x5u: { x5u: address },
    kid: { kid: 'rsa' },
  }[way];
  return forge({ alg: 'RS256', ...offer }, good(), (input) =>
    signBytes('sha256', Buffer.from(input), privateKey),
  );
}

/** A token whose HMAC key is the issuer's public key: what passes where the token chooses the algorithm. */
function confused(secretOf: (jwk: JsonWebKey) => string | Buffer): string {
  return forge({ alg: 'HS256', kid: 'rsa' }, good(), hmac(secretOf(issuer.publicJwk('rsa'))));
}
