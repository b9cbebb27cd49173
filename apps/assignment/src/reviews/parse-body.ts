import { faultsOf, ValidationError } from '@hornbook/service-kit';
import { z } from 'zod';

/**
 * Checks a body where the order of refusals wants it checked late: after 404 and 403 (seed 003).
 * @throws ValidationError
 */
export function parseBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw new ValidationError(faultsOf(parsed.error.issues));
}

/** JSON Schema of such a body, for the documentation. */
export function bodySchema(schema: z.ZodType): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return rest;
}
