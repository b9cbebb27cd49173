import { createHmac, timingSafeEqual } from 'node:crypto';

const MIN_SECRET_LENGTH = 32;

/**
 * Signs links that open without other credentials until they expire: the token is `<expiry>.<HMAC-SHA256>`, expiry in
 * Unix seconds in base 36, and holds for one subject only (the path and whatever else must not be changed).
 */
export class LinkSigner {
  private readonly secrets: readonly string[];

  /**
   * @param secret at least 32 characters
   * @param olderSecrets verify links that they signed, while a secret is being replaced
   */
  constructor(
    private readonly secret: string,
    olderSecrets: readonly string[] = [],
  ) {
    this.secrets = [secret, ...olderSecrets];
    if (this.secrets.some(({ length }) => length < MIN_SECRET_LENGTH)) {
      throw new Error(`a secret for links has at least ${MIN_SECRET_LENGTH} characters`);
    }
  }

  /** A token for `subject` until `expiresAt` (whole seconds, rounded up). */
  sign(subject: string, expiresAt: Date): string {
    const expiry = Math.ceil(expiresAt.getTime() / 1_000).toString(36);
    return `${expiry}.${signature(this.secret, expiry, subject).toString('base64url')}`;
  }

  /** Whether the token was made here for this subject and has not expired. */
  verify(subject: string, token: string, now: Date = new Date()): boolean {
    const [, expiry, given] = /^([0-9a-z]{1,10})\.([A-Za-z0-9_-]{43})$/.exec(token) ?? [];
    if (expiry === undefined || given === undefined) return false;
    if (Number.parseInt(expiry, 36) * 1_000 <= now.getTime()) return false;
    const bytes = Buffer.from(given, 'base64url');
    return this.secrets.some((secret) => timingSafeEqual(bytes, signature(secret, expiry, subject)));
  }
}

function signature(secret: string, expiry: string, subject: string): Buffer {
  return createHmac('sha256', secret).update(`${expiry}.${subject}`).digest();
}
