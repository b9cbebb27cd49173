import { queryRows, type Tx } from '@hornbook/database';
import type { LockedVersion, Transitions } from '../items/transitions.js';

/** Name in history and events of whoever takes back what nobody worked on. */
export const LEASES = 'system:leases';
/** Leases ended in one transaction. */
const MOST = 500;

/*
 * Only assigned drafts have a lease, and rows that somebody is saving just now are stepped over: the save renews them.
 */
const EXPIRED = `
  SELECT item_pk AS pk, version FROM item_states AS s
  WHERE s.lease_expires_at < now() AND ($1::integer[] IS NULL OR s.dataset_id = ANY ($1))
  ORDER BY s.lease_expires_at LIMIT $2 FOR UPDATE OF s SKIP LOCKED`;

/**
 * Gives items whose lease has run out back to the pool, with the edits that were saved; at most 500 at once.
 * @param datasets only of these; null for all
 * @returns how many
 */
export async function releaseExpired(
  tx: Tx,
  transitions: Transitions,
  datasets: readonly number[] | null = null,
): Promise<number> {
  const locked = await queryRows<LockedVersion>(tx, EXPIRED, [datasets, MOST]);
  const released = await transitions.hand(tx, { action: 'expired', actor: LEASES, assignTo: null }, locked);
  return released.length;
}
