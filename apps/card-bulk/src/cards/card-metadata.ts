import { isStorable } from '@hornbook/contracts';

/** Deepest nesting of a card's metadata; `{}` has depth 1. */
export const MAX_METADATA_DEPTH = 20;

/** Longest metadata, as JSON without white space, in UTF-16 units. */
export const MAX_METADATA_LENGTH = 65_536;

/** What keeps a value from being stored as JSON and read back unchanged. */
export interface MetadataFault {
  readonly code: 'invalid_text' | 'too_deep' | 'too_long' | 'invalid_number';
  readonly message: string;
}

const faults = {
  text: {
    code: 'invalid_text',
    message: 'Metadata contains a NUL character (U+0000) or a lone surrogate, which is not allowed',
  },
  depth: { code: 'too_deep', message: `Metadata is nested too deep (maximum ${MAX_METADATA_DEPTH} levels)` },
  length: {
    code: 'too_long',
    message: `Metadata is too long (maximum ${MAX_METADATA_LENGTH} characters of JSON)`,
  },
  number: { code: 'invalid_number', message: 'Metadata contains a number that is out of range' },
} as const satisfies Record<string, MetadataFault>;

/** The first fault inside `value`, which stands at `depth`. The depth is bounded before anything recurses further. */
function faultWithin(value: unknown, depth: number): MetadataFault | undefined {
  if (typeof value === 'string') return isStorable(value) ? undefined : faults.text;
  // `1e999` is JSON, but reads as Infinity and would be stored as null.
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : faults.number;
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth > MAX_METADATA_DEPTH) return faults.depth;
  if (Array.isArray(value)) {
    for (const item of value) {
      const fault = faultWithin(item, depth + 1);
      if (fault) return fault;
    }
    return undefined;
  }
  for (const [name, member] of Object.entries(value)) {
    const fault = isStorable(name) ? faultWithin(member, depth + 1) : faults.text;
    if (fault) return fault;
  }
  return undefined;
}

/** Whether `value` is a JSON object, and neither null nor an array. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What keeps the JSON object `value` from being a card's metadata; undefined when nothing does. */
export function metadataFault(value: object): MetadataFault | undefined {
  const fault = faultWithin(value, 1);
  if (fault) return fault;
  return JSON.stringify(value).length > MAX_METADATA_LENGTH ? faults.length : undefined;
}
