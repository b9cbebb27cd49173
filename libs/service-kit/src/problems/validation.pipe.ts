import { Injectable, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import type { z } from 'zod';
import { faultsOf } from './faults.js';
import { ValidationError } from './problem-error.js';

const rootNames: Partial<Record<ArgumentMetadata['type'], string>> = {
  body: 'body',
  query: 'query',
  param: 'path',
};

/**
 * Checks every argument that declares a schema (`@Body({ schema })`, `@Query({ schema })`, `@Param({ schema })`) and
 * hands on what the schema made of it. Nest's own pipe does not pass `reportInput`, without which a missing member
 * and a wrong one look alike.
 */
@Injectable()
export class ValidationPipe implements PipeTransform {
  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    const schema = metadata.schema as z.ZodType | undefined;
    if (!schema || metadata.type === 'custom') return value;
    const parsed = schema.safeParse(value, { reportInput: true });
    if (parsed.success) return parsed.data;
    throw new ValidationError(faultsOf(parsed.error.issues, metadata.data ?? rootNames[metadata.type]));
  }
}
