import type { Identity, Role } from '@hornbook/contracts';
import { subjectOfKey } from './api-key-lookup.js';

/** What a key gives. */
export interface Grant {
  readonly roles: readonly Role[];
  readonly scopes: readonly string[];
}

/**
 * What of `grant` the maker does not have itself, in words; undefined when it has all of it. Administrators have every
 * role here: they are the ones who make keys for pipelines.
 */
export function excessOf(grant: Grant, maker: Identity): string | undefined {
  const roles = maker.roles.includes('admin')
    ? []
    : grant.roles.filter((role) => !maker.roles.includes(role));
  if (roles.length > 0) return `the roles ${roles.join(', ')}`;
  if (maker.scopes.includes('*')) return undefined;
  const scopes = grant.scopes.filter((scope) => !maker.scopes.includes(scope));
  return scopes.length > 0 ? `the scopes ${scopes.join(', ')}` : undefined;
}

/** Whether `caller` may see and end the keys of `owner`. */
export function mayManage(caller: Identity, owner: string): boolean {
  return caller.owner === owner || caller.roles.includes('admin');
}

/** Id of the API key that is calling, if one is. */
export function callingKey(caller: Identity): string | undefined {
  const prefix = subjectOfKey('');
  return caller.sub.startsWith(prefix) ? caller.sub.slice(prefix.length) : undefined;
}
