import { codePointLength, isStorable, text, type TextBounds } from '@hornbook/contracts';
import { z } from 'zod';

/** Whether a value is certainly valid. */
export type Check = (value: unknown) => boolean;

type Schema = z.core.$ZodType;

/** Schemas that began as `knownText`, and their bounds: a check is a function, and nobody can look into one. */
const textBounds = z.registry<TextBounds>();

/** `text()` of contracts, in a form that `compile` understands; patterns may be added to it. */
export function knownText(bounds: TextBounds = {}): z.ZodString {
  return text(bounds).register(textBounds, bounds);
}

/** Any value that the schema itself accepts: right for every schema, and slow. */
const bySchema =
  (schema: Schema): Check =>
  (value) =>
    z.safeParse(schema, value).success;

/** Whether a string is nothing but white space. Most start with a letter, and need not be looked through. */
function isBlank(value: string): boolean {
  const first = value.charCodeAt(0);
  return !(first > 0x20 && first < 0x80) && value.trim() === '';
}

/** `knownText`: its own check, which the bounds stand for, and patterns that were added. */
function compileText(schema: z.ZodString): Check | undefined {
  const bounds = textBounds.get(schema);
  if (!bounds) return undefined;
  const patterns: RegExp[] = [];
  for (const { _zod } of (schema._zod.def.checks ?? []).slice(1)) {
    const { check, pattern } = _zod.def as { check: string; pattern?: RegExp };
    if (check !== 'string_format' || !pattern || pattern.global || pattern.sticky) return undefined;
    patterns.push(pattern);
  }
  const { min = 0, max = Infinity } = bounds;
  const isText: Check = (value) => {
    if (typeof value !== 'string') return false;
    // A string has at most as many code points as units, and at least half as many.
    if (value.length > max && codePointLength(value) > max) return false;
    if (min > 0 && ((value.length < min * 2 && codePointLength(value) < min) || isBlank(value))) return false;
    return isStorable(value);
  };
  if (patterns.length === 0) return isText;
  return (value) => isText(value) && patterns.every((pattern) => pattern.test(value as string));
}

function compileArray(schema: z.ZodArray): Check | undefined {
  let max = Infinity;
  for (const { _zod } of schema._zod.def.checks ?? []) {
    const { check, maximum } = _zod.def as { check: string; maximum?: number };
    if (check !== 'max_length' || maximum === undefined) return undefined;
    max = Math.min(max, maximum);
  }
  const isItem = compileMember(schema._zod.def.element);
  return (value) => Array.isArray(value) && value.length <= max && value.every(isItem);
}

function compileStrictObject(schema: z.ZodObject): Check | undefined {
  const { shape, catchall, checks = [] } = schema._zod.def;
  // A loose object keeps and a plain one drops what it does not know: only a strict one hands on what it was given.
  if (!(catchall instanceof z.ZodNever) || checks.length > 0) return undefined;
  const members = new Map(
    Object.entries<Schema>(shape).map(([name, member]) => [name, compileMember(member)]),
  );
  const required = Object.entries<Schema>(shape)
    .filter(([, member]) => member._zod.optin !== 'optional')
    .map(([name]) => name);
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    const row = value as Record<string, unknown>;
    for (const name in row) {
      const check = members.get(name);
      if (!check?.(row[name])) return false;
    }
    return required.every((name) => row[name] !== undefined);
  };
}

function compileMember(schema: Schema): Check {
  if (schema instanceof z.ZodOptional) {
    const check = compileMember(schema._zod.def.innerType);
    return (value) => value === undefined || check(value);
  }
  if (schema instanceof z.ZodNullable) {
    const check = compileMember(schema._zod.def.innerType);
    return (value) => value === null || check(value);
  }
  if (schema instanceof z.ZodBoolean) return (value) => typeof value === 'boolean';
  if (schema instanceof z.ZodEnum) {
    const values = new Set<unknown>(schema.options);
    return (value) => values.has(value);
  }
  const compiled =
    schema instanceof z.ZodString
      ? compileText(schema)
      : schema instanceof z.ZodArray
        ? compileArray(schema)
        : schema instanceof z.ZodObject
          ? compileStrictObject(schema)
          : undefined;
  return compiled ?? bySchema(schema);
}

/**
 * Makes a plain function of a schema: true only if the schema accepts the value as it is, so that nothing need be
 * parsed or copied. What it does not understand (a refinement, a format) it leaves to the schema; false means no
 * more than "ask the schema". Several times faster than the schema's own parse on rows of text.
 */
export function compile(schema: Schema): Check {
  return compileMember(schema);
}
