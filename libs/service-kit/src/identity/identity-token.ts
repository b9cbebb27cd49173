import {
  IDENTITY_ALGORITHM,
  IDENTITY_AUDIENCE,
  IDENTITY_ISSUER,
  IDENTITY_SECONDS,
  identitySchema,
  type Identity,
} from '@hornbook/contracts';
import {
  createLocalJWKSet,
  importJWK,
  jwtVerify,
  SignJWT,
  type CryptoKey,
  type JSONWebKeySet,
  type JWK,
} from 'jose';

/** Makes identity tokens. Only the gateway has the private key. */
export class IdentitySigner {
  private constructor(
    private readonly key: CryptoKey | Uint8Array,
    private readonly keyId: string,
  ) {}

  /** @param jwk private Ed25519 key with `kid` (RFC 8037) */
  static async create(jwk: JWK): Promise<IdentitySigner> {
    return new IdentitySigner(await importJWK(jwk, IDENTITY_ALGORITHM), jwk.kid ?? '');
  }

  /** A token that tells services who is calling; valid for 60 seconds. */
  async sign({ sub, ...claims }: Identity): Promise<string> {
    return new SignJWT(claims)
      .setProtectedHeader({ alg: IDENTITY_ALGORITHM, kid: this.keyId, typ: 'JWT' })
      .setSubject(sub)
      .setIssuer(IDENTITY_ISSUER)
      .setAudience(IDENTITY_AUDIENCE)
      .setIssuedAt()
      .setExpirationTime(`${String(IDENTITY_SECONDS)}s`)
      .sign(this.key);
  }
}

/** Tokens remembered at most: the gateway reuses a caller's token for half its life. */
const REMEMBERED = 2_000;

/** Checks identity tokens: signature, issuer, audience, expiry, claims. */
export class IdentityVerifier {
  private readonly keys: ReturnType<typeof createLocalJWKSet>;
  private readonly remembered = new Map<string, { identity: Identity; expiresAt: number }>();

  /** @param publicKeys JWK Set of the gateway's public keys */
  constructor(publicKeys: JSONWebKeySet) {
    this.keys = createLocalJWKSet(publicKeys);
  }

  /** @returns who is calling, or undefined when the token proves nothing */
  async verify(token: string): Promise<Identity | undefined> {
    const known = this.remembered.get(token);
    if (known && known.expiresAt > Date.now()) return known.identity;
    try {
      const { payload } = await jwtVerify(token, this.keys, {
        algorithms: [IDENTITY_ALGORITHM],
        issuer: IDENTITY_ISSUER,
        audience: IDENTITY_AUDIENCE,
        requiredClaims: ['exp', 'sub'],
      });
      const identity = identitySchema.parse(payload);
      this.remember(token, identity, (payload.exp ?? 0) * 1000);
      return identity;
    } catch {
      return undefined;
    }
  }

  private remember(token: string, identity: Identity, expiresAt: number): void {
    if (this.remembered.size >= REMEMBERED) {
      // Maps keep insertion order: the first key is the oldest token.
      const oldest = this.remembered.keys().next().value;
      if (oldest !== undefined) this.remembered.delete(oldest);
    }
    this.remembered.set(token, { identity, expiresAt });
  }
}
