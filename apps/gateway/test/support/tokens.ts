import { SignJWT, type JWTPayload } from 'jose';

/** Shared secret of the tests' token issuer. */
export const JWT_SECRET = 'a-secret-of-the-tests-with-40-characters';

/** A JWT as the gateway takes them. @param claims what differs; undefined leaves a claim out */
export async function token(claims: JWTPayload = {}, secret = JWT_SECRET): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  const payload: JWTPayload = {
    iss: 'hornbook',
    aud: 'hornbook',
    sub: 'ada',
    roles: ['admin'],
    exp: now + 600,
    ...claims,
  };
  return new SignJWT(payload).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(secret));
}

/** Headers of a caller with a JWT. */
export async function bearer(claims: JWTPayload = {}): Promise<{ authorization: string }> {
  return { authorization: `Bearer ${await token(claims)}` };
}
