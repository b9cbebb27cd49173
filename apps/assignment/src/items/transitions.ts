import { queryRows, type Tx } from '@hornbook/database';
import { Outbox, type Within } from '@hornbook/messaging';
import { Injectable } from '@nestjs/common';
import { randomInt } from 'node:crypto';
import { reconcileRounds } from '../reviews/slots.js';
import {
  changesBetween,
  questionHashOf,
  searchOf,
  tagsOf,
  type ContentChanges,
  type ItemContent,
} from './item-content.js';
import type { Action, ItemRow, ItemState, ItemStatus } from './item.js';
import { publishChange, publishClaims, type ReleaseReason } from './publish-change.js';

/** What happens to all items of one call. */
export interface Change {
  readonly action: Action;
  /** Who does it: subject of the caller, or the name of the policy. */
  readonly actor: string;
  /** Whose work it counts as in the statistics. Default: the actor. */
  readonly user?: string;
  /** Default: as it was. */
  readonly status?: ItemStatus;
  /** The new holder; null gives back to the pool; undefined leaves it. Only drafts have one. */
  readonly assignTo?: string | null;
  readonly reason?: string | null;
  readonly priority?: number;
  /** null takes the due date away; undefined leaves it. */
  readonly dueAt?: Date | null;
  /** What the event says of items that lose their holder. */
  readonly releasedBecause?: ReleaseReason;
}

/** One item to change, as it was read under its lock. */
export interface Target {
  readonly item: ItemRow;
  /** The whole new content when it was edited. */
  readonly content?: ItemContent;
}

/** An item that was locked by its version, to be changed without its content. */
export interface LockedVersion {
  readonly pk: string;
  readonly version: number;
}

/** State after a change, and what it was before. */
export interface ChangedState extends ItemState {
  readonly fromStatus: ItemStatus;
  readonly fromUser: string | null;
  readonly requiredReviews: number;
}

/** Items somebody asks for, with no name. */
export interface ItemClaim {
  /** How many of which datasets; each of one reviewer an item. */
  readonly parts: readonly { readonly datasetId: number; readonly most: number }[];
  /** The new holder. */
  readonly user: string;
  readonly actor: string;
  /** The flow that its event belongs to. Default: that of the call. */
  readonly within?: Within;
}

/** What a claim tells of an item: all that changed, and what the others are while it is a draft. */
export type ClaimedState = Omit<ItemState, 'reviewedAt' | 'reviewedBy'>;

interface GivenItem {
  readonly item_pk: string;
  readonly version: number;
  readonly content?: ItemContent;
  readonly tags?: readonly string[];
  readonly question_hash?: string | null;
  readonly search?: string;
  readonly changes?: ContentChanges;
}

const CHANGE = `
  SELECT item_pk AS pk, dataset, id, bucket, status, version, priority, skip_count AS "skipCount",
    assigned_to AS "assignedTo", assigned_at AS "assignedAt", lease_expires_at AS "leaseExpiresAt", due_at AS "dueAt",
    reviewed_at AS "reviewedAt", reviewed_by AS "reviewedBy", updated_at AS "updatedAt", $2::text AS "updatedBy",
    from_status AS "fromStatus", from_user AS "fromUser", required_reviews AS "requiredReviews"
  FROM change_items($1, $2, $3, $4::jsonb, $5::item_status, $6, $7, $8, $9::smallint, $10, $11)`;

const CLAIM = `
  SELECT item_pk AS pk, dataset, id, bucket, status, version, priority, skip_count AS "skipCount",
    assigned_to AS "assignedTo", assigned_at AS "assignedAt", lease_expires_at AS "leaseExpiresAt", due_at AS "dueAt",
    updated_at AS "updatedAt", updated_by AS "updatedBy", request
  FROM claim_items($1::integer[], $2::integer[], $3::text[], $4::text[], $5::integer[], $6::text[], $7, $8)`;

const MAX_RND = 2_147_483_647;

/**
 * The one place that changes items. Every change is one statement with its history and counters, and its events go
 * into the outbox of the same transaction; an item takes the next version or is left alone.
 */
@Injectable()
export class Transitions {
  constructor(private readonly outbox: Outbox) {}

  /**
   * Changes items that `tx` has locked.
   * @returns them as they are now; without those that have another version than was read
   */
  async apply(tx: Tx, change: Change, targets: readonly Target[]): Promise<ItemRow[]> {
    const byPk = new Map(targets.map((target) => [target.item.pk, target]));
    const given = targets.map(givenOf);
    const changed = await this.write(tx, change, given);
    const items = changed.flatMap((state) => {
      const target = byPk.get(state.pk);
      if (!target) return [];
      const content = target.content ?? target.item.content;
      return [
        { ...target.item, ...state, content, tags: target.content ? tagsOf(content) : target.item.tags },
      ];
    });
    const members = new Map(given.map(({ item_pk, changes = {} }) => [item_pk, Object.keys(changes)]));
    await publishChange(
      this.outbox,
      tx,
      change,
      items.map((item) => ({ ...item, members: members.get(item.pk) ?? [] })),
    );
    return items;
  }

  /**
   * Changes the holder of items that `tx` has locked, without reading their content.
   * @returns their states now
   */
  async hand(
    tx: Tx,
    change: Change & { readonly action: 'assigned' | 'released' | 'expired' | 'transferred' },
    locked: readonly LockedVersion[],
  ): Promise<ChangedState[]> {
    if (locked.length === 0) return [];
    const given = locked.map(({ pk, version }) => ({ item_pk: pk, version }));
    const changed = await this.write(tx, change, given);
    await publishChange(
      this.outbox,
      tx,
      change,
      changed.map((state) => ({ ...state, content: {}, members: [] })),
    );
    return changed;
  }

  /**
   * Hands free items to who asks for them, in one statement: nobody gets what another one gets at the same time.
   * @param options.tags only items that have all of these
   * @param options.waits whether to wait while the policy of a dataset is being changed; else it gives nothing
   * @returns for each claim its items as they are now; fewer where there are no more
   */
  async claim(
    tx: Tx,
    claims: readonly ItemClaim[],
    {
      tags = null,
      waits = true,
    }: { readonly tags?: readonly string[] | null; readonly waits?: boolean } = {},
  ): Promise<ClaimedState[][]> {
    // One order for all, in which they lock what they count.
    const parts = claims
      .flatMap((claim, index) => claim.parts.map((part) => ({ ...part, request: index + 1 })))
      .sort((one, other) => one.datasetId - other.datasetId);
    if (parts.length === 0) return claims.map(() => []);
    const wanted = new Map<number, number>();
    for (const { datasetId, most } of parts) wanted.set(datasetId, (wanted.get(datasetId) ?? 0) + most);
    const rows = await queryRows<ClaimedState & { request: number }>(tx, CLAIM, [
      [...wanted.keys()],
      [...wanted.values()],
      claims.map(({ user }) => user),
      claims.map(({ actor }) => actor),
      parts.flatMap(({ most, request }) => new Array<number>(most).fill(request)),
      tags,
      randomInt(MAX_RND),
      waits,
    ]);
    const claimed = claims.map((): ClaimedState[] => []);
    for (const { request, ...state } of rows) claimed[request - 1]?.push(state);
    await publishClaims(
      this.outbox,
      tx,
      claims.map(({ actor, within }, index) => ({
        actor,
        within,
        items: (claimed[index] ?? []).map((state) => ({ ...state, content: {}, members: [] })),
      })),
    );
    return claimed;
  }

  private async write(tx: Tx, change: Change, items: readonly GivenItem[]): Promise<ChangedState[]> {
    if (items.length === 0) return [];
    const { action, actor, user, status, assignTo, reason, priority, dueAt } = change;
    const changed = await queryRows<ChangedState>(tx, CHANGE, [
      action,
      actor,
      user ?? actor,
      JSON.stringify(items),
      status ?? null,
      assignTo !== undefined,
      assignTo ?? null,
      reason ?? null,
      priority ?? null,
      dueAt !== undefined,
      dueAt ?? null,
    ]);
    const overlapping = changed.filter(({ requiredReviews }) => requiredReviews > 1);
    if (overlapping.length > 0)
      await reconcileRounds(
        tx,
        overlapping.map(({ pk }) => pk),
      );
    return changed;
  }
}

function givenOf({ item, content }: Target): GivenItem {
  const key = { item_pk: item.pk, version: item.version };
  if (content === undefined) return key;
  return {
    ...key,
    content,
    tags: tagsOf(content),
    question_hash: questionHashOf(content),
    search: searchOf(content),
    changes: changesBetween(item.content, content),
  };
}
