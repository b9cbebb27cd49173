import { z } from 'zod';

/** Roles of the platform. A route names those it admits; everything else is refused. */
export const roles = ['admin', 'curator', 'reviewer', 'service'] as const;

/** A role. */
export type Role = (typeof roles)[number];

/** Claims of the identity token by which the gateway tells services who is calling. */
export const identitySchema = z.object({
  /** Who acts: a user id, or `key:<id>` for an API key. */
  sub: z.string().min(1).max(200),
  /** Whose records are touched: the user, or the user who made the API key. */
  owner: z.string().min(1).max(200),
  roles: z.array(z.enum(roles)),
  scopes: z.array(z.string()),
});

/** Who is calling. */
export type Identity = z.output<typeof identitySchema>;

/** Header that carries the identity token from the gateway to a service. Stripped when it comes from outside. */
export const IDENTITY_HEADER = 'x-hornbook-identity';
/** `iss` and `aud` of the identity token (RFC 7519), and how long it lives. */
export const IDENTITY_ISSUER = 'hornbook-gateway';
export const IDENTITY_AUDIENCE = 'hornbook-services';
export const IDENTITY_SECONDS = 60;
/** The only signature algorithm of identity tokens (RFC 8037). */
export const IDENTITY_ALGORITHM = 'EdDSA';
/** Request and correlation ids, in at the gateway and out with every answer and event. */
export const REQUEST_ID_HEADER = 'x-request-id';
