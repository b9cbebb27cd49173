import type { Identity } from '@hornbook/contracts';
import { createSecretKey } from 'node:crypto';
import { errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions } from 'jose';
import { UnauthenticatedError } from './authentication.errors.js';
import { isReservedSubject, isRole } from './credential.js';
import type { RemoteKeys } from './remote-keys.js';

/** Where keys come from; decides which algorithms are accepted, whatever a token says of itself. */
export type JwtTrust = { readonly secret: string } | { readonly keys: RemoteKeys };

/** How far clocks of issuer and gateway may be apart, seconds. */
const CLOCK_TOLERANCE = 5;

/** A checked token. */
export interface CheckedJwt {
  readonly identity: Identity;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Who the token speaks of. Roles we do not know are of no use here and left out; `scope` bounds what they may do. */
function identityOf({ sub, roles, scope }: JWTPayload): Identity | undefined {
  if (typeof sub !== 'string' || sub === '' || sub.length > 200 || isReservedSubject(sub)) return undefined;
  if (roles !== undefined && !Array.isArray(roles)) return undefined;
  if (scope !== undefined && typeof scope !== 'string') return undefined;
  return {
    sub,
    owner: sub,
    roles: [...new Set(((roles as unknown[] | undefined) ?? []).filter(isRole))],
    scopes: scope === undefined ? ['*'] : scope.split(' ').filter((name) => name !== ''),
  };
}

function isAccessToken(type: string | undefined): boolean {
  return type === undefined || ['jwt', 'at+jwt', 'application/at+jwt'].includes(type.toLowerCase());
}

/**
 * Checks JWTs: one family of algorithms, issuer, audience, expiry, subject. Keys come from the configuration alone;
 * `jwk`, `jku`, `x5c` and `x5u` in a token's header are not looked at.
 */
export class JwtVerifier {
  private readonly key: JWTVerifyGetKey;
  private readonly options: JWTVerifyOptions;

  constructor(trust: JwtTrust, issuer: string, audience: string) {
    const secret = 'secret' in trust ? createSecretKey(Buffer.from(trust.secret)) : undefined;
    this.key = 'keys' in trust ? (header, token) => trust.keys.find(header, token) : () => secret as never;
    this.options = {
      algorithms: 'secret' in trust ? ['HS256'] : ['RS256', 'ES256'],
      issuer,
      audience,
      requiredClaims: ['exp', 'sub'],
      clockTolerance: CLOCK_TOLERANCE,
    };
  }

  /** @throws UnauthenticatedError, KeysUnavailableError */
  async verify(token: string): Promise<CheckedJwt> {
    const { payload, protectedHeader } = await this.checked(token);
    const identity = isAccessToken(protectedHeader.typ) ? identityOf(payload) : undefined;
    if (!identity)
      throw new UnauthenticatedError(
        'The token is valid but not for this API: sub, roles or typ are missing or wrong',
        'claims',
      );
    return { identity, expiresAt: ((payload.exp ?? 0) + CLOCK_TOLERANCE) * 1_000 };
  }

  private async checked(token: string): ReturnType<typeof jwtVerify> {
    try {
      return await jwtVerify(token, this.key, this.options);
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw new UnauthenticatedError('The token has expired', error);
      if (error instanceof errors.JOSEError || error instanceof TypeError) {
        throw new UnauthenticatedError(
          'The token is not valid here: signature, algorithm, issuer or audience are wrong',
          error,
        );
      }
      throw error;
    }
  }
}
