import { mock } from 'node:test';
import { exportJWK, generateKeyPair, importJWK, SignJWT, UnsecuredJWT, type JWK } from 'jose';
import { IDENTITY_AUDIENCE, IDENTITY_ISSUER, type Identity } from '@hornbook/contracts';
import { IdentitySigner, IdentityVerifier } from './identity-token.js';

interface Keys {
  readonly privateKey: JWK;
  readonly publicKey: JWK;
}

async function keysNamed(kid: string): Promise<Keys> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  return {
    privateKey: { ...(await exportJWK(privateKey)), kid },
    publicKey: { ...(await exportJWK(publicKey)), kid },
  };
}

const identity: Identity = { sub: 'key:7', owner: 'ada', roles: ['curator'], scopes: ['exports:write'] };

describe('an identity token', () => {
  let keys: Keys;
  let verifier: IdentityVerifier;
  let signer: IdentitySigner;

  beforeAll(async () => {
    keys = await keysNamed('one');
    signer = await IdentitySigner.create(keys.privateKey);
  });

  beforeEach(() => {
    verifier = new IdentityVerifier({ keys: [keys.publicKey] });
  });

  afterEach(() => {
    mock.timers.reset();
  });

  /** A token like the gateway's, but for what `change` does to it. */
  async function forged(
    change: (token: SignJWT) => SignJWT,
    { key = keys.privateKey, kid = 'one' }: { key?: JWK; kid?: string } = {},
  ): Promise<string> {
    const { sub, ...claims } = identity;
    const token = new SignJWT(claims)
      .setProtectedHeader({ alg: 'EdDSA', kid })
      .setSubject(sub)
      .setIssuer(IDENTITY_ISSUER)
      .setAudience(IDENTITY_AUDIENCE)
      .setIssuedAt()
      .setExpirationTime('60s');
    return change(token).sign(await importJWK(key, 'EdDSA'));
  }

  test('says who is calling, as the gateway said it', async () => {
    expect(await verifier.verify(await signer.sign(identity))).toEqual(identity);
  });

  test('made as these tests make them is accepted, so that each refusal below has the reason it names', async () => {
    expect(await verifier.verify(await forged((token) => token))).toEqual(identity);
  });

  test('is worth nothing a minute later, though it was accepted before', async () => {
    mock.timers.enable({ apis: ['Date'], now: Date.now() });
    const token = await signer.sign(identity);
    expect(await verifier.verify(token)).toEqual(identity);
    mock.timers.tick(59_000);
    expect(await verifier.verify(token)).toEqual(identity);
    mock.timers.tick(2_000);
    expect(await verifier.verify(token)).toBeUndefined();
  });

  test('of the next key is accepted beside the old one during a rotation', async () => {
    const next = await keysNamed('two');
    const both = new IdentityVerifier({ keys: [keys.publicKey, next.publicKey] });
    const nextSigner = await IdentitySigner.create(next.privateKey);
    expect(await both.verify(await signer.sign(identity))).toEqual(identity);
    expect(await both.verify(await nextSigner.sign(identity))).toEqual(identity);
    expect(await verifier.verify(await nextSigner.sign(identity))).toBeUndefined();
  });

  test('proves nothing when a foreign key signed it, even under the name of ours', async () => {
    const foreign = await keysNamed('one');
    expect(
      await verifier.verify(await forged((token) => token, { key: foreign.privateKey })),
    ).toBeUndefined();
  });

  test.each<[string, (token: SignJWT) => SignJWT]>([
    ['for another audience', (token) => token.setAudience('somebody-else')],
    ['of another issuer', (token) => token.setIssuer('somebody-else')],
    ['expired', (token) => token.setExpirationTime('-1s')],
    ['not valid yet', (token) => token.setNotBefore('60s')],
  ])('proves nothing when it is %s', async (_, change) => {
    expect(await verifier.verify(await forged(change))).toBeUndefined();
  });

  test('proves nothing when it names a key that is not ours', async () => {
    expect(await verifier.verify(await forged((token) => token, { kid: 'two' }))).toBeUndefined();
  });

  test.each<[string, Record<string, unknown>]>([
    ['without an end', { exp: undefined }],
    ['without a subject', { sub: undefined }],
    ['without an owner', { owner: undefined }],
    ['with a role that does not exist', { roles: ['root'] }],
    ['with roles in one text', { roles: 'admin' }],
  ])('proves nothing when it is %s', async (_, claims) => {
    const soon = Math.floor(Date.now() / 1000) + 60;
    const payload = { ...identity, iss: IDENTITY_ISSUER, aud: IDENTITY_AUDIENCE, exp: soon, ...claims };
    const key = await importJWK(keys.privateKey, 'EdDSA');
    const token = await new SignJWT(payload).setProtectedHeader({ alg: 'EdDSA', kid: 'one' }).sign(key);
    expect(await verifier.verify(token)).toBeUndefined();
  });

  test('proves nothing when it is not signed, or signed with our public key as if that were a secret', async () => {
    const claims = { ...identity, iss: IDENTITY_ISSUER, aud: IDENTITY_AUDIENCE };
    const unsigned = new UnsecuredJWT(claims).setExpirationTime('60s').encode();
    const confused = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', kid: 'one' })
      .setExpirationTime('60s')
      .sign(Buffer.from(keys.publicKey.x ?? '', 'base64url'));
    expect(await verifier.verify(unsigned)).toBeUndefined();
    expect(await verifier.verify(confused)).toBeUndefined();
  });

  test('proves nothing when it was altered', async () => {
    const [header, , signature] = (await signer.sign(identity)).split('.');
    const [, better] = (await signer.sign({ ...identity, roles: ['admin'] })).split('.');
    expect(await verifier.verify([header, better, signature].join('.'))).toBeUndefined();
  });

  test.each(['', 'token', 'a.b.c', '..', 'null'])('is not %j', async (token) => {
    expect(await verifier.verify(token)).toBeUndefined();
  });
});
