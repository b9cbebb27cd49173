import type { Fault } from '@hornbook/contracts';
import type { z } from 'zod';

/** The path of a fault as the seeds write it: `dialogues[0].phrases[2].reference_text`. The whole body is `body`. */
export function fieldPath(path: readonly PropertyKey[], root = 'body'): string {
  let field = '';
  for (const part of path) {
    if (typeof part === 'number') field += `[${String(part)}]`;
    else field += field === '' ? String(part) : `.${String(part)}`;
  }
  return field === '' ? root : field;
}

type Issue = z.core.$ZodIssue;

const article: Record<string, string> = {
  string: 'a string',
  number: 'a number',
  int: 'an integer',
  boolean: 'true or false',
  array: 'an array',
  object: 'an object',
  date: 'a date',
};

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  // What a coerced text became that is no number.
  if (Number.isNaN(value)) return 'something else';
  return article[typeof value] ?? typeof value;
}

/** A value as an error may quote it: short, printable, in JSON. */
function quote(value: unknown): string {
  const printed = JSON.stringify(value) ?? String(value);
  return printed.length > 60 ? `${printed.slice(0, 57)}…` : printed;
}

function units(origin: string, count: number | bigint): string {
  const one = Number(count) === 1;
  if (origin === 'array' || origin === 'set') return one ? 'item' : 'items';
  return one ? 'character' : 'characters';
}

/** Message and code of one issue, in the seed's words where it has them ("String too short (minimum 5 characters)"). */
function describe(issue: Issue): { error: string; code: string } {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? { error: 'Required', code: 'required' }
        : {
            error: `Expected ${article[issue.expected] ?? issue.expected}, got ${kindOf(issue.input)}`,
            code: 'invalid_type',
          };
    case 'invalid_value':
      return issue.input === undefined
        ? { error: `Required (allowed: ${issue.values.map(String).join(', ')})`, code: 'required' }
        : {
            error: `Value ${quote(issue.input)} is not allowed (allowed: ${issue.values.map(String).join(', ')})`,
            code: 'invalid_value',
          };
    case 'too_small':
      if (issue.origin === 'array')
        return {
          error: `Too few items (minimum ${String(issue.minimum)} ${units('array', issue.minimum)})`,
          code: 'too_few',
        };
      if (issue.origin === 'string')
        return {
          error: `String too short (minimum ${String(issue.minimum)} ${units('string', issue.minimum)})`,
          code: 'too_short',
        };
      return { error: `Number too small (minimum ${String(issue.minimum)})`, code: 'too_small' };
    case 'too_big':
      if (issue.origin === 'array')
        return {
          error: `Too many items (maximum ${String(issue.maximum)} ${units('array', issue.maximum)})`,
          code: 'too_many',
        };
      if (issue.origin === 'string')
        return {
          error: `String too long (maximum ${String(issue.maximum)} ${units('string', issue.maximum)})`,
          code: 'too_long',
        };
      return { error: `Number too large (maximum ${String(issue.maximum)})`, code: 'too_large' };
    case 'custom': {
      const code: unknown = issue.params?.['code'];
      return { error: issue.message, code: typeof code === 'string' ? code : 'invalid' };
    }
    case 'invalid_format':
      return { error: `${issue.message} (got ${quote(issue.input)})`, code: 'invalid_format' };
    default:
      return { error: issue.message, code: issue.code };
  }
}

/**
 * Every issue of a failed parse as faults of a request, unknown members one fault each.
 * Parse with `{ reportInput: true }`, or values cannot be told from missing ones.
 * @param root name of the value when the fault is the value itself
 */
export function faultsOf(issues: readonly Issue[], root = 'body'): Fault[] {
  return issues.flatMap((issue): Fault[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        field: fieldPath([...issue.path, key], root),
        error: 'Unknown member',
        code: 'unknown_member',
      }));
    }
    return [{ field: fieldPath(issue.path, root), ...describe(issue) }];
  });
}
