import type { Identity, Role } from '@hornbook/contracts';
import {
  createParamDecorator,
  SetMetadata,
  type CustomDecorator,
  type ExecutionContext,
} from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** Who may call a route. */
export interface Admission {
  /** Roles of which the caller must have one. */
  readonly roles: readonly Role[];
  /** Scope that an API key must carry, e.g. `exports:write`; a key's `*` carries all. */
  readonly scope: string;
}

/** Metadata key of `Allow` and `Public`. */
export const ADMISSION = 'hornbook:admission';

/** Opens a route to callers with one of the roles and, for API keys, the scope. A route without it is closed. */
export const Allow = (admission: Admission): CustomDecorator => SetMetadata(ADMISSION, admission);

/** Opens a route to everybody inside the cluster: health and metrics. */
export const Public = (): CustomDecorator => SetMetadata(ADMISSION, 'public');

/** Whether `identity` meets `admission`. */
export function admits(admission: Admission, identity: Identity): boolean {
  const hasRole = admission.roles.some((role) => identity.roles.includes(role));
  return hasRole && (identity.scopes.includes('*') || identity.scopes.includes(admission.scope));
}

/** A request whose identity token was checked. */
export type IdentifiedRequest = FastifyRequest & { identity?: Identity };

// Known to code only: no header or body can put an entry here.
const attached = new WeakMap<FastifyRequest, Identity>();

/** Says who is calling, for the process that authenticates callers itself: the gateway. */
export function attachIdentity(request: FastifyRequest, identity: Identity): void {
  attached.set(request, identity);
}

/** What `attachIdentity` said of this request. */
export function attachedIdentity(request: FastifyRequest): Identity | undefined {
  return attached.get(request);
}

/** Parameter decorator: who is calling. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Identity => {
  const { identity } = context.switchToHttp().getRequest<IdentifiedRequest>();
  if (!identity) throw new Error('@Caller() stands on a route without @Allow()');
  return identity;
});
