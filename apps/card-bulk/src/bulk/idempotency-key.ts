import { faultsOf, ValidationError } from '@hornbook/service-kit';
import { idempotencyKeySchema } from './bulk.schemas.js';

/** The `Idempotency-Key` of a request. @throws ValidationError when it is empty or too long */
export function readKey(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const parsed = idempotencyKeySchema.safeParse(header, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw new ValidationError(faultsOf(parsed.error.issues, 'Idempotency-Key'));
}
