import { IDENTITY_HEADER, type Identity } from '@hornbook/contracts';
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ProblemError } from '../problems/problem-error.js';
import { ADMISSION, admits, attachedIdentity, type Admission, type IdentifiedRequest } from './allow.js';
import { IdentityVerifier } from './identity-token.js';

/** Closes every route that does not say who may call it, and checks the identity token on those that do. */
@Injectable()
export class IdentityGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly verifier: IdentityVerifier,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    // Messages come from the broker, which only services can reach.
    if (context.getType() !== 'http') return true;
    const admission = this.reflector.getAllAndOverride<Admission | 'public' | undefined>(ADMISSION, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (admission === 'public') return true;
    const request = context.switchToHttp().getRequest<IdentifiedRequest>();
    const identity = attachedIdentity(request) ?? (await this.verified(request.headers[IDENTITY_HEADER]));
    if (!identity) {
      throw new ProblemError('unauthenticated', {
        detail: 'Authentication is required: call this route through the gateway with a token or an API key',
      });
    }
    if (!admission || !admits(admission, identity)) throw forbidden(admission);
    request.identity = identity;
    return true;
  }

  private async verified(token: string | string[] | undefined): Promise<Identity | undefined> {
    return typeof token === 'string' ? this.verifier.verify(token) : undefined;
  }
}

function forbidden(admission: Admission | undefined): ProblemError {
  const detail = admission
    ? `This needs the role ${admission.roles.join(' or ')} and the scope ${admission.scope}`
    : 'This route is closed';
  return new ProblemError('forbidden', { detail });
}
