import type { Identity, Role } from '@hornbook/contracts';
import { ProblemError } from '@hornbook/service-kit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { BlockList } from 'node:net';
import type { Authenticator } from '../authentication/authenticator.js';
import type { RateLimits } from '../rate-limits/rate-limits.js';
import { clientAddress, type ClientAddress } from './client-address.js';

/** Who may come in. */
export interface Entry {
  /** Open to callers who do not say who they are. */
  readonly public?: boolean;
  /** Roles of which the caller needs one. */
  readonly roles?: readonly Role[];
}

/** A request that was let in. */
export interface Visit {
  readonly address: ClientAddress;
  /** Absent where everybody may come in. */
  readonly identity?: Identity;
  readonly identityToken?: string;
}

/** What every request passes before anything else sees it: limits by address, authentication, limits by caller. */
export class Door {
  private readonly trusted: BlockList | undefined;

  /** @param trusted load balancers in front; undefined when there are none */
  constructor(
    private readonly authenticator: Authenticator,
    private readonly limits: RateLimits,
    trusted: BlockList | undefined,
  ) {
    this.trusted = trusted;
  }

  /**
   * Lets a request in, and notes on the reply what is left of its limits.
   * @throws ProblemError unauthenticated, forbidden, rate_limited, service_unavailable
   */
  async enter(request: FastifyRequest, reply: FastifyReply, entry: Entry): Promise<Visit> {
    const address = clientAddress(request.raw, this.trusted);
    const byAddress = await this.limits.count('address', address.counted, reply);
    if (entry.public) return { address };
    const pass =
      this.authenticator.remembered(request.headers) ??
      (await this.limits.guarded(address.counted, reply, () =>
        this.authenticator.authenticate(request.headers),
      ));
    await this.limits.count('caller', pass.identity.sub, reply, byAddress);
    if (entry.roles && !entry.roles.some((role) => pass.identity.roles.includes(role))) {
      throw new ProblemError('forbidden', { detail: `This needs the role ${entry.roles.join(' or ')}` });
    }
    return { address, identity: pass.identity, identityToken: pass.token };
  }
}
