import type { Identity } from '@hornbook/contracts';

/** Whether somebody leads: may take items from others, reopen, and change what is not theirs. */
export function isManager({ roles }: Identity): boolean {
  return roles.includes('admin') || roles.includes('curator');
}

/** Who reviews. */
export const reviewers = {
  roles: ['admin', 'curator', 'reviewer', 'service'],
  scope: 'assignments:write',
} as const;
/** Who may look at what is reviewed. */
export const readers = {
  roles: ['admin', 'curator', 'reviewer', 'service'],
  scope: 'assignments:read',
} as const;
/** Who leads. */
export const managers = { roles: ['admin', 'curator'], scope: 'ground-truths:write' } as const;
/** Who may look at all items. */
export const curatorReaders = {
  roles: ['admin', 'curator', 'reviewer', 'service'],
  scope: 'ground-truths:read',
} as const;
