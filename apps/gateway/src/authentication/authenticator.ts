import { hash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Identity } from '@hornbook/contracts';
import type { IdentitySigner } from '@hornbook/service-kit';
import { Counter } from 'prom-client';
import type { ApiKeyLookup } from '../api-keys/api-key-lookup.js';
import { UnauthenticatedError } from './authentication.errors.js';
import { readCredential, type Credential } from './credential.js';
import type { JwtVerifier } from './jwt.js';

/** A caller who proved who it is. */
export interface Pass {
  readonly identity: Identity;
  /** Tells services who calls. */
  readonly token: string;
}

interface Remembered extends Pass {
  readonly signedAt: number;
  /** Until when the credential need not be checked again; milliseconds, monotonic. */
  readonly goodUntil: number;
}

/** A signed identity token is used again for this long; it lives 60 s, so a service always has some 35 s left of it. */
const TOKEN_MS = 25_000;
/** A looked-up API key counts as valid for this long, which bounds how long a revoked one still works. */
const LOOKUP_MS = 2_000;
/** Credentials remembered at most. */
const MOST_REMEMBERED = 10_000;

const outcomes = new Counter({
  name: 'gateway_authentications_total',
  help: 'Credentials checked, remembered ones not counted, by kind and outcome.',
  labelNames: ['kind', 'outcome'],
});

function sameIdentity(one: Identity, other: Identity): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/**
 * Finds out who is calling. What was checked is remembered for a moment under a hash of what the caller sent, so that
 * most requests cost one hash; a burst that meets a forgotten credential checks it once.
 */
export class Authenticator {
  private readonly memory = new Map<string, Remembered>();
  private readonly checking = new Map<string, Promise<Pass>>();

  /** @param jwts undefined when no JWTs are accepted */
  constructor(
    private readonly signer: IdentitySigner,
    private readonly apiKeys: ApiKeyLookup,
    private readonly jwts: JwtVerifier | undefined,
    private readonly dev: boolean,
  ) {}

  /** The pass of a caller who was checked a moment ago. */
  remembered(headers: IncomingHttpHeaders): Pass | undefined {
    const known = this.memory.get(this.fingerprint(headers));
    return known && known.goodUntil > performance.now() ? known : undefined;
  }

  /** @throws UnauthenticatedError, or a 503 when nothing can be said of the credential just now */
  async authenticate(headers: IncomingHttpHeaders): Promise<Pass> {
    const fingerprint = this.fingerprint(headers);
    const credential = readCredential(headers, this.dev);
    const running = this.checking.get(fingerprint);
    if (running) return running;
    const check = this.check(fingerprint, credential).finally(() => this.checking.delete(fingerprint));
    this.checking.set(fingerprint, check);
    return check;
  }

  private fingerprint({
    authorization,
    'x-user-id': user,
    'x-user-roles': roles,
  }: IncomingHttpHeaders): string {
    // The prefix keeps the two apart: an Authorization header cannot spell a development user.
    const shown =
      authorization !== undefined || !this.dev
        ? `a:${authorization ?? ''}`
        : `d:${JSON.stringify([user, roles])}`;
    return hash('sha256', shown, 'base64');
  }

  private async check(fingerprint: string, credential: Credential): Promise<Pass> {
    const startedAt = performance.now();
    try {
      const { identity, validMs } = await this.prove(credential);
      const known = this.memory.get(fingerprint);
      const reusable =
        known && startedAt - known.signedAt < TOKEN_MS && sameIdentity(known.identity, identity);
      const signed = reusable ? known : { token: await this.signer.sign(identity), signedAt: startedAt };
      const goodUntil = Math.min(startedAt + validMs, signed.signedAt + TOKEN_MS);
      const pass: Remembered = { identity, token: signed.token, signedAt: signed.signedAt, goodUntil };
      this.remember(fingerprint, pass);
      outcomes.labels(credential.kind, 'accepted').inc();
      return pass;
    } catch (error) {
      this.memory.delete(fingerprint);
      outcomes.labels(credential.kind, error instanceof UnauthenticatedError ? 'refused' : 'failed').inc();
      throw error;
    }
  }

  /** @returns who it is, and for how long from the start of the check that may be taken for granted */
  private async prove(credential: Credential): Promise<{ identity: Identity; validMs: number }> {
    if (credential.kind === 'dev') {
      const { user, roles } = credential;
      return { identity: { sub: user, owner: user, roles: [...roles], scopes: ['*'] }, validMs: TOKEN_MS };
    }
    if (credential.kind === 'api-key') {
      return { identity: await this.apiKeys.identify(credential.text), validMs: LOOKUP_MS };
    }
    if (!this.jwts) throw new UnauthenticatedError('JWTs are not accepted here; use an API key', 'no issuer');
    const { identity, expiresAt } = await this.jwts.verify(credential.text);
    return { identity, validMs: expiresAt - Date.now() };
  }

  private remember(fingerprint: string, pass: Remembered): void {
    // Maps keep insertion order: deleting first makes the first key the one unused longest.
    this.memory.delete(fingerprint);
    if (this.memory.size >= MOST_REMEMBERED) {
      const oldest = this.memory.keys().next().value;
      if (oldest !== undefined) this.memory.delete(oldest);
    }
    this.memory.set(fingerprint, pass);
  }
}
