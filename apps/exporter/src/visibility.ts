import type { Identity } from '@hornbook/contracts';
import type { Admission } from '@hornbook/service-kit';

/** Who may read exports. */
export const readers: Admission = { roles: ['admin', 'service', 'curator'], scope: 'exports:read' };
/** Who may submit, export, retry and resolve what is theirs. */
export const writers: Admission = { roles: ['admin', 'service'], scope: 'exports:write' };

/** Who may end a pause: it holds back everybody's dialogues, and ending it too early costs other owners failures. */
export const operators: Admission = { roles: ['admin'], scope: 'exports:write' };

/** Whose records a caller sees: null for everybody's (admins), else the owner's own. For others a record is not there. */
export function visibleOwner({ roles, owner }: Identity): string | null {
  return roles.includes('admin') ? null : owner;
}
