import { canonicalJson } from './canonical-json.js';

/** Names of the members in which two items differ, sorted. */
export function changedFields(from: string, to: string): string[] {
  const before = JSON.parse(from) as Record<string, unknown>;
  const after = JSON.parse(to) as Record<string, unknown>;
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => textOf(before[name]) !== textOf(after[name])).sort();
}

function textOf(member: unknown): string | undefined {
  return member === undefined ? undefined : canonicalJson(member);
}
