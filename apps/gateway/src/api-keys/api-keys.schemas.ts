import { pageOf, pageQueryFields, roles, text } from '@hornbook/contracts';
import { z } from 'zod';

/** Longest time that two secrets of a key are valid at once, seconds: 7 days. */
export const MAX_GRACE_SECONDS = 604_800;

const scope = z
  .string()
  .regex(/^(\*|[a-z][a-z0-9-]*(:[a-z][a-z0-9-]*)?)$/, 'Must look like exports:write, or be * for all')
  .max(100);

/** Body of `POST /v1/api-keys`. */
export const createApiKeySchema = z
  .strictObject({
    name: text({ min: 1, max: 100 }).describe('Unique among the keys of an owner that are not revoked.'),
    roles: z
      .array(z.enum(roles))
      .min(1)
      .max(roles.length)
      .describe('At most the roles of who makes the key.'),
    scopes: z
      .array(scope)
      .min(1)
      .max(50)
      .describe('What the key may do; `*` for all. At most the scopes of who makes the key.'),
    expires_at: z.iso.datetime({ offset: true }).optional().describe('Default: never.'),
    owner: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe('Whose records the key touches. Default: the caller; another one only for administrators.'),
  })
  .meta({ id: 'CreateApiKey' });
/** Body of `POST /v1/api-keys`. */
export type CreateApiKey = z.output<typeof createApiKeySchema>;

/** Body of `POST /v1/api-keys/{id}/rotate`. */
export const rotateApiKeySchema = z
  .strictObject({
    grace_seconds: z
      .int()
      .min(0)
      .max(MAX_GRACE_SECONDS)
      .default(0)
      .describe('How long the secret that was valid until now stays valid beside the new one.'),
  })
  // Everything has a default, so the body may be left out.
  .prefault({})
  .meta({ id: 'RotateApiKey' });

/** Query of `GET /v1/api-keys`. */
export const apiKeyQuerySchema = z.strictObject({
  ...pageQueryFields,
  owner: z.string().min(1).max(200).optional(),
});
/** Query of `GET /v1/api-keys`. */
export type ApiKeyQuery = z.output<typeof apiKeyQuerySchema>;

/** Id in the path. */
export const apiKeyIdSchema = z.uuid();

const time = z.iso.datetime();

/** A key as lists show it: everything but the secret. */
export const apiKeySchema = z
  .object({
    id: z.uuid(),
    prefix: z.string().describe('How the key begins, to tell keys apart.'),
    name: z.string(),
    owner: z.string(),
    made_by: z.string(),
    roles: z.array(z.enum(roles)),
    scopes: z.array(z.string()),
    created_at: time,
    expires_at: time.nullable(),
    revoked_at: time.nullable(),
    last_used_at: time.nullable().describe('To the minute.'),
    previous_valid_until: time
      .nullable()
      .describe('Until when the secret before the last rotation is accepted.'),
  })
  .meta({ id: 'ApiKey' });
/** A key as lists show it. */
export type ApiKeyView = z.output<typeof apiKeySchema>;

/** A key as it is shown once: with its secret. */
export const apiKeyWithSecretSchema = apiKeySchema
  .extend({ key: z.string().describe('The whole key. It is not shown again.') })
  .meta({ id: 'ApiKeyWithSecret' });
/** A key as it is shown once. */
export type ApiKeyWithSecret = z.output<typeof apiKeyWithSecretSchema>;

/** A page of keys. */
export const apiKeyPageSchema = pageOf(apiKeySchema).meta({ id: 'ApiKeyPage' });
/** A page of keys. */
export type ApiKeyPage = z.output<typeof apiKeyPageSchema>;
