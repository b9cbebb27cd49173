import type { Identity } from '@hornbook/contracts';
import { text } from '@hornbook/contracts';
import { ProblemError } from '@hornbook/service-kit';

/** Roles that may have cards: all of them. Whose cards they touch is decided by the owner, not by the role. */
export const CARD_ROLES = ['admin', 'curator', 'reviewer', 'service'] as const;

/** `?owner=` of every route: an admin may act for somebody else. */
export const ownerQueryFields = {
  owner: text({ min: 1, max: 200 }).optional().describe('Whose cards; only an admin may name somebody else'),
};

/**
 * Whose records a call touches: the caller's own, or for an admin those of the owner that is named.
 * @throws ProblemError 403 when somebody else names another owner
 */
export function actingFor(caller: Identity, owner: string | undefined): string {
  if (owner === undefined || owner === caller.owner) return caller.owner;
  if (caller.roles.includes('admin')) return owner;
  throw new ProblemError('forbidden', {
    detail: 'Only an admin may act for another owner; leave `owner` out',
  });
}
